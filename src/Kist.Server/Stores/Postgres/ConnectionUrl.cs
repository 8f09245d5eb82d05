using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Npgsql;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// Connection texts as libpq reads them: URLs and keyword=value lists
/// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING). Errors name the keyword, never a
/// value: there is a password among them.
/// </summary>
internal static class ConnectionUrl
{
    private static readonly (string Keyword, string Variable)[] Variables =
    [
        ("host", "PGHOST"), ("port", "PGPORT"), ("dbname", "PGDATABASE"), ("user", "PGUSER"),
        ("password", "PGPASSWORD"), ("passfile", "PGPASSFILE"), ("sslmode", "PGSSLMODE"), ("sslcert", "PGSSLCERT"),
        ("sslkey", "PGSSLKEY"), ("sslrootcert", "PGSSLROOTCERT"), ("connect_timeout", "PGCONNECT_TIMEOUT"),
        ("target_session_attrs", "PGTARGETSESSIONATTRS"), ("options", "PGOPTIONS"),
    ];

    /// <summary>Reads a connection text, filled up from the PG… variables of an environment.</summary>
    public static bool TryParse(
        string text, IReadOnlyDictionary<string, string> environment,
        [NotNullWhen(true)] out NpgsqlConnectionStringBuilder? settings, out string? problem)
    {
        settings = null;
        var keywords = new Dictionary<string, string>();
        var isUrl = text.StartsWith("postgres://", StringComparison.Ordinal)
            || text.StartsWith("postgresql://", StringComparison.Ordinal);
        problem = isUrl ? ReadUrl(text, keywords) : ReadList(text, keywords);
        if (problem is not null)
            return false;
        foreach (var (keyword, variable) in Variables)
        {
            if (environment.GetValueOrDefault(variable) is { Length: > 0 } value)
                keywords.TryAdd(keyword, value);
        }
        // Kerberos is for those who ask for it: without a ticket Npgsql connects, finds none, and connects once more.
        var made = new NpgsqlConnectionStringBuilder { GssEncryptionMode = GssEncryptionMode.Disable };
        foreach (var (keyword, value) in keywords)
        {
            if (!Apply(made, keyword, value))
            {
                problem = $"connection_url: {keyword} is not known or has a value that it cannot have";
                return false;
            }
        }
        Complete(made, keywords);
        settings = made;
        return true;
    }

    private static string? ReadUrl(string text, Dictionary<string, string> keywords)
    {
        const string malformed = "connection_url must look like postgres://user@host:5432/database?sslmode=verify-full";
        var rest = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var query = "";
        if (rest.IndexOf('?') is >= 0 and var mark)
            (rest, query) = (rest[..mark], rest[(mark + 1)..]);
        if (rest.IndexOf('/') is >= 0 and var slash)
        {
            Add(keywords, "dbname", rest[(slash + 1)..]);
            rest = rest[..slash];
        }
        if (rest.LastIndexOf('@') is >= 0 and var at)
        {
            var user = rest[..at].Split(':', 2);
            Add(keywords, "user", user[0]);
            if (user.Length > 1)
                Add(keywords, "password", user[1]);
            rest = rest[(at + 1)..];
        }
        var (hosts, ports) = (new List<string>(), new List<string>());
        foreach (var place in rest.Split(','))
        {
            var colon = place.LastIndexOf(':') is var found && found > place.LastIndexOf(']') ? found : -1;
            hosts.Add((colon < 0 ? place : place[..colon]).Trim('[', ']'));
            ports.Add(colon < 0 ? "" : place[(colon + 1)..]);
        }
        Add(keywords, "host", string.Join(',', hosts));
        if (ports.Exists(port => port.Length > 0))
            Add(keywords, "port", string.Join(',', ports));
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var sides = pair.Split('=', 2);
            if (sides.Length != 2)
                return malformed;
            Add(keywords, sides[0], sides[1]);
        }
        return null;
    }

    private static void Add(Dictionary<string, string> keywords, string keyword, string escaped)
    {
        if (escaped.Length > 0)
            keywords[keyword] = Uri.UnescapeDataString(escaped);
    }

    // Values may stand in single quotes; a backslash takes the next character as it is.
    private static string? ReadList(string text, Dictionary<string, string> keywords)
    {
        const string malformed = "connection_url must be a postgres:// URL or a list of keyword=value";
        for (var at = SkipSpace(text, 0); at < text.Length; at = SkipSpace(text, at))
        {
            var equals = text.IndexOf('=', at);
            if (equals < 0)
                return malformed;
            var keyword = text[at..equals].Trim();
            at = SkipSpace(text, equals + 1);
            var quoted = at < text.Length && text[at] == '\'';
            var value = new StringBuilder();
            for (at += quoted ? 1 : 0; at < text.Length; at++)
            {
                if (quoted ? text[at] == '\'' : char.IsWhiteSpace(text[at]))
                    break;
                if (text[at] == '\\' && ++at == text.Length)
                    return malformed;
                value.Append(text[at]);
            }
            if (quoted && at++ >= text.Length)
                return malformed;
            if (keyword.Length == 0)
                return malformed;
            keywords[keyword] = value.ToString();
        }
        return null;
    }

    private static int SkipSpace(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
            at++;
        return at;
    }

    private static bool Apply(NpgsqlConnectionStringBuilder made, string keyword, string value)
    {
        try
        {
            switch (keyword)
            {
                case "host" or "hostaddr": made.Host = value; return true;
                case "port": return ApplyPort(made, value);
                case "dbname" or "database": made.Database = value; return true;
                case "user": made.Username = value; return true;
                case "password": made.Password = value; return true;
                case "passfile": made.Passfile = value; return true;
                case "sslmode": return ApplySslMode(made, value);
                case "sslcert": made.SslCertificate = value; return true;
                case "sslkey": made.SslKey = value; return true;
                case "sslpassword": made.SslPassword = value; return true;
                case "sslrootcert": made.RootCertificate = value == "system" ? null : value; return true;
                case "application_name" or "fallback_application_name": made.ApplicationName = value; return true;
                case "search_path": made.SearchPath = value; return true;
                case "options": made.Options = value; return true;
                case "connect_timeout": made.Timeout = Number(value); return true;
                case "target_session_attrs": made.TargetSessionAttributes = value; return true;
                case "gssencmode": return ApplyGssMode(made, value);
                case "load_balance_hosts" or "client_encoding" or "channel_binding"
                    or "sslcompression" or "sslsni" or "sslinline" or "krbsrvname":
                    return true;
                case "keepalives_idle": made.TcpKeepAliveTime = Number(value); return true;
                case "keepalives_interval": made.TcpKeepAliveInterval = Number(value); return true;
                case "keepalives": made.TcpKeepAlive = value != "0"; return true;
                default: return false;
            }
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or OverflowException)
        {
            return false;
        }
    }

    private static int Number(string value) => int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);

    // Those of several hosts go with them, see Complete.
    private static bool ApplyPort(NpgsqlConnectionStringBuilder made, string value)
    {
        var ports = value.Split(',').Where(one => one.Length > 0).Select(Number).ToList();
        if (ports.Count == 1)
            made.Port = ports[0];
        return ports.TrueForAll(port => port is > 0 and < 65_536);
    }

    private static bool ApplySslMode(NpgsqlConnectionStringBuilder made, string value)
    {
        SslMode? mode = value switch
        {
            "disable" => SslMode.Disable,
            "allow" => SslMode.Allow,
            "prefer" => SslMode.Prefer,
            "require" => SslMode.Require,
            "verify-ca" => SslMode.VerifyCA,
            "verify-full" => SslMode.VerifyFull,
            _ => null,
        };
        made.SslMode = mode ?? made.SslMode;
        return mode is not null;
    }

    private static bool ApplyGssMode(NpgsqlConnectionStringBuilder made, string value)
    {
        GssEncryptionMode? mode = value switch
        {
            "disable" => GssEncryptionMode.Disable,
            "prefer" => GssEncryptionMode.Prefer,
            "require" => GssEncryptionMode.Require,
            _ => null,
        };
        made.GssEncryptionMode = mode ?? made.GssEncryptionMode;
        return mode is not null;
    }

    private static void Complete(NpgsqlConnectionStringBuilder made, Dictionary<string, string> keywords)
    {
        if (string.IsNullOrEmpty(made.Host))
            made.Host = "localhost";
        if (keywords.TryGetValue("port", out var port) && made.Host.Contains(','))
            made.Host = WithPorts(made.Host, port.Split(','));
        // libpq checks the chain when it is given a root; so do we, where Npgsql would refuse the pair.
        if (made.SslMode == SslMode.Require && made.RootCertificate is not null)
            made.SslMode = SslMode.VerifyCA;
        // Npgsql needs to be told that a list of hosts means the one that takes writes.
        if (made.Host.Contains(',') && !keywords.ContainsKey("target_session_attrs"))
            made.TargetSessionAttributes = "read-write";
    }

    // Npgsql wants each port behind its host.
    private static string WithPorts(string hosts, string[] ports)
    {
        var places = hosts.Split(',');
        for (var i = 0; i < places.Length; i++)
        {
            var port = ports[Math.Min(i, ports.Length - 1)];
            if (port.Length > 0)
                places[i] = places[i].Contains(':') ? $"[{places[i]}]:{port}" : $"{places[i]}:{port}";
        }
        return string.Join(',', places);
    }
}
