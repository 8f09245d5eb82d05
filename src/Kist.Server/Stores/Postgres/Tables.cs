using System.Text;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// The names of a store's tables and the statements on them. Names are checked and quoted; all else is a parameter.
/// </summary>
internal sealed class Tables
{
    private const int MaxNameBytes = 48;         // PostgreSQL cuts names at 63 bytes; ours get an ending
    private readonly string _prefix;

    private Tables(string[] parts)
    {
        Name = string.Join('.', parts);
        _prefix = string.Concat(parts[..^1].Select(schema => $"\"{schema}\"."));
        var table = parts[^1];
        string Quoted(string ending) => $"{_prefix}\"{table}{ending}\"";
        (Entries, State, Changes) = (Quoted(""), Quoted("_state"), Quoted("_changes"));
        (Incoming, IncomingKey) = (Quoted("_incoming"), $"\"{table}_incoming_pkey\"");
        (EntriesName, KeyName) = ($"\"{table}\"", $"\"{table}_pkey\"");
        Channel = $"{Name}.changes";
    }

    /// <summary>A table that is being filled to take the place of <see cref="Entries"/>.</summary>
    public string Incoming { get; }

    /// <summary>The name of its primary key.</summary>
    public string IncomingKey { get; }

    /// <summary>The name of <see cref="Entries"/> without its schema.</summary>
    public string EntriesName { get; }

    /// <summary>The name of its primary key.</summary>
    public string KeyName { get; }

    /// <summary>As the operator wrote it.</summary>
    public string Name { get; }

    /// <summary>key, value, revision of every entry.</summary>
    public string Entries { get; }

    /// <summary>
    /// One row: the schema's version, the last revision, and the last that changed anything. Its lock puts commits in
    /// order.
    /// </summary>
    public string State { get; }

    /// <summary>One row per commit, in the order of revisions: who made it, and which keys it touched.</summary>
    public string Changes { get; }

    /// <summary>The channel of NOTIFY.</summary>
    public string Channel { get; }

    /// <summary>For the advisory lock under which the schema is made: FNV-1a of the name.</summary>
    public long LockKey => (long)Encoding.UTF8.GetBytes(Name)
        .Aggregate(14695981039346656037UL, (hash, one) => (hash ^ one) * 1099511628211UL);

    public string Get => $"SELECT 1::bigint, value, revision FROM {Entries} WHERE key = $1";

    /// <summary>As <see cref="Get"/>, for many keys; the first column is a key's number among them.</summary>
    public string GetMany => "SELECT number, value, revision FROM unnest($1) WITH ORDINALITY AS asked(key, number) "
        + $"JOIN {Entries} USING (key)";

    public string Scan => $"SELECT key FROM {Entries} WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";

    /// <summary>Waits until no other node is writing.</summary>
    public string Lock => $"SELECT revision, schema_version FROM {State} WHERE one FOR UPDATE";

    public string RevisionsOf => $"SELECT key, revision FROM {Entries} WHERE key = ANY($1)";

    public string Put => $"INSERT INTO {Entries}(key, value, revision) SELECT * FROM unnest($1, $2, $3) "
        + "ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision";

    public string Delete => $"DELETE FROM {Entries} WHERE key = ANY($1)";

    public string Log => $"INSERT INTO {Changes}(revision, writer, keys) "
        + "SELECT revision, $3, keys FROM unnest($1, $2) AS made(revision, keys)";

    public string Advance => $"UPDATE {State} SET revision = $1, changed = greatest(changed, $2) WHERE one";

    public string Changed => $"SELECT changed FROM {State} WHERE one";

    public string Notify => "SELECT pg_notify($1, $2)";

    public string Compact => $"DELETE FROM {Changes} WHERE revision < $1";

    public string ChangesFrom => $"SELECT revision, writer, keys FROM {Changes} WHERE revision >= $1 "
        + "ORDER BY revision LIMIT $2";

    public string Head => $"SELECT made.revision, made.writer, state.changed FROM {Changes} AS made, {State} AS state "
        + "ORDER BY made.revision DESC LIMIT 1";

    public string WriterOf => $"SELECT writer FROM {Changes} WHERE revision = $1";

    /// <summary>False for names that are not plain.</summary>
    public static bool TryParse(string name, out Tables? tables)
    {
        var parts = name.Split('.');
        var plain = parts.Length is 1 or 2 && parts.All(part => part.Length is > 0 and <= MaxNameBytes
            && !char.IsAsciiDigit(part[0]) && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'));
        tables = plain ? new Tables(parts) : null;
        return plain;
    }
}
