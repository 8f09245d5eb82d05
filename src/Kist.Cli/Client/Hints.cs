using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kist.Cli.Output;

namespace Kist.Cli.Client;

/// <summary>Words every way in which the server can be out of reach or refuse, with what to do next.</summary>
internal static class Hints
{
    private const string OneError = "1 error occurred:";

    /// <summary>No connection came about.</summary>
    /// <param name="certificate">What is wrong with the server's certificate; null: it showed none.</param>
    public static Problem Unreachable(Settings settings, HttpRequestException failure, SslPolicyErrors? certificate)
    {
        var server = Server(settings);
        if (failure.HttpRequestError == HttpRequestError.NameResolutionError)
            return Remote($"the host of {server} is not known", "check KIST_ADDR, or --address URL");
        if (failure.HttpRequestError == HttpRequestError.SecureConnectionError)
            return Untrusted(settings, certificate);
        if (failure.HttpRequestError == HttpRequestError.InvalidResponse
            || (failure.HttpRequestError == HttpRequestError.ResponseEnded && settings.Address.Scheme == "http"))
            return Remote($"{server} does not answer as HTTP", SwapScheme(settings));
        if (failure.InnerException is SocketException)
            return Remote($"cannot connect to {server}",
                "./start.sh or `kist server -dev` starts a server here; KIST_ADDR=URL names another one");
        return Broken(settings);
    }

    /// <summary>The server took longer than the timeout.</summary>
    public static Problem Timeout(Settings settings) =>
        Remote($"no answer from {Server(settings)} within {settings.Timeout.TotalSeconds:0} s",
            "kist status, or a longer --timeout SECONDS");

    /// <summary>The connection broke in the middle.</summary>
    public static Problem Broken(Settings settings) =>
        Remote($"the connection to {Server(settings)} broke", "kist status, then the same command again");

    /// <summary>Whether the refusal is about the token itself rather than its policies.</summary>
    public static bool IsBadToken(Answer answer) =>
        answer.Status == 403 && Errors(answer.Root) is var text && !text.StartsWith(OneError, StringComparison.Ordinal)
        && (text.Contains("permission denied", StringComparison.Ordinal)
            || text.Contains("bad token", StringComparison.Ordinal)
            || text.Contains("invalid token", StringComparison.Ordinal))
        && !text.Contains("preflight", StringComparison.Ordinal);

    /// <summary>The server answered with something other than 2xx.</summary>
    public static Problem Refused(Request request, int status, JsonElement body)
    {
        var errors = Errors(body);
        var said = Clean(errors);
        if (said.StartsWith("no handler for route 'v1/", StringComparison.Ordinal))
            return Remote("there is /v1 twice in what was asked for", "KIST_ADDR and paths without /v1");
        var path = Uri.UnescapeDataString(request.Path.Split('?')[0]);
        if (said.Contains("is sealed", StringComparison.Ordinal))
            return Remote("the server is sealed", "kist operator unseal");
        if (said.Contains("not initialized", StringComparison.Ordinal) || status == 501)
            return Remote("the server is not initialised yet", "kist operator init");
        if (said.Contains("missing client token", StringComparison.Ordinal))
            return Remote("no token was sent", "kist login   (or KIST_TOKEN=TOKEN)");
        if (said.StartsWith("check-and-set", StringComparison.Ordinal))
            return Remote(said, $"kist history {AsTyped(path)} shows the current version; put --cas VERSION");
        if (said.Contains("already in use", StringComparison.Ordinal))
            return Remote(said, "another name: --path NAME");
        if (said.StartsWith("wrapping token is not valid", StringComparison.Ordinal))
            return Remote("the wrapping token does not open: it was used already, has expired or is none",
                "a new one; and if you have not used it, somebody else has");
        return status switch
        {
            403 => Denied(request, path, errors),
            404 => Remote(said.Length > 0 ? said : $"nothing at {path}", Parent(path)),
            405 => Remote($"{path} does not know this operation", "kist COMMAND --help"),
            413 => Remote("the request is too large",
                "split it into several secrets"),
            429 => Remote(said.Length > 0 ? said : "too many requests", "the same again in a moment"),
            >= 500 => Remote($"the server failed ({status})" + (said.Length > 0 ? ": " + said : ""),
                "kist status, and the server's log"),
            _ => Remote(said.Length > 0 ? said : $"the server refused ({status})"),
        };
    }

    /// <summary>The texts of an error body, one per line, as sent.</summary>
    public static string Errors(JsonElement body) => string.Join('\n', body.Member("errors").Strings());

    // "1 error occurred:\n\t* text\n\n" is how the API lists errors; people want the text.
    private static string Clean(string errors)
    {
        if (!errors.Contains(" occurred:\n", StringComparison.Ordinal)) return errors.Trim();
        var text = new StringBuilder();
        foreach (var line in errors.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.EndsWith(" occurred:", StringComparison.Ordinal)) continue;
            if (text.Length > 0) text.Append("; ");
            text.Append(line.TrimStart('*').Trim());
        }
        return text.ToString();
    }

    private static Problem Denied(Request request, string path, string errors)
    {
        if (!errors.StartsWith(OneError, StringComparison.Ordinal) && errors.StartsWith("permission denied",
            StringComparison.Ordinal))
            return Remote("the token is not valid here: expired, revoked, or of another server", "kist login");
        if (!errors.Contains("permission denied", StringComparison.Ordinal))
            return Remote(Clean(errors) is { Length: > 0 } said ? said : $"permission denied for {path}",
                "kist token lookup   (which policies does the token have?)");
        return Remote($"permission denied for {path}",
            $"a policy with:  path \"{path}\" {{ capabilities = [{Capability(request)}] }}");
    }

    private static string Capability(Request request)
    {
        if (request.Path.EndsWith("list=true", StringComparison.Ordinal)) return "\"list\"";
        return request.Method.Method switch
        {
            "GET" => "\"read\"",
            "DELETE" => "\"delete\"",
            "PATCH" => "\"patch\"",
            _ => "\"create\", \"update\"",
        };
    }

    private static Problem Untrusted(Settings settings, SslPolicyErrors? certificate)
    {
        if (certificate == SslPolicyErrors.RemoteCertificateNameMismatch)
            return Remote($"the certificate of {Server(settings)} is for another name than {settings.Address.Host}",
                "the address with a name that stands in the certificate, or a certificate for this name");
        if (certificate is not null)
            return Remote($"the certificate of {Server(settings)} is not trusted here",
                "KIST_CACERT=FILE or --ca-cert FILE with the server's CA certificate "
                + "(a generated one lies in its data folder)");
        return Remote($"{Server(settings)} does not answer as HTTPS", SwapScheme(settings));
    }

    private static string SwapScheme(Settings settings) =>
        $"KIST_ADDR={(settings.Address.Scheme == "http" ? "https" : "http")}://{settings.Address.Authority}";

    private static string? Parent(string path)
    {
        if (path.StartsWith("sys/", StringComparison.Ordinal) || path.StartsWith("auth/", StringComparison.Ordinal))
            return null;
        var at = path.TrimEnd('/').LastIndexOf('/');
        if (at < 0) return "kist list";
        return "kist list " + AsTyped(path[..at]);
    }

    /// <summary>A secret as people type it: without what kv version 2 puts between mount and name.</summary>
    private static string AsTyped(string path)
    {
        foreach (var word in (ReadOnlySpan<string>)["/data", "/metadata"])
        {
            var found = path.IndexOf(word, StringComparison.Ordinal);
            if (found > 0 && (found + word.Length == path.Length || path[found + word.Length] == '/'))
                return path.Remove(found, word.Length);
        }
        return path;
    }

    private static string Server(Settings settings) => settings.Shown;

    private static Problem Remote(string message, string? hint = null) => new(message, hint, Problem.Remote);
}
