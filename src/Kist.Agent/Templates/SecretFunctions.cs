using System.Globalization;

namespace Kist.Agent.Templates;

/// <summary>Functions that ask beyond the template: for secrets, variables and files.</summary>
internal static class SecretFunctions
{
    public static void AddTo(Dictionary<string, Func<FunctionCall, object?>> all)
    {
        all["secret"] = static c => Secret(c.Takes(1, int.MaxValue));
        all["secrets"] = static c => Ask(c.Takes(1), QueryKind.List) ?? new List<object?>();
        all["pkiCert"] = static c => Ask(c.Takes(2, int.MaxValue), QueryKind.Certificate);
        all["env"] = static c => c.Run.Context.Environment(c.Takes(1).Text(0)) ?? "";
        all["mustEnv"] = static c => c.Run.Context.Environment(c.Takes(1).Text(0))
            ?? throw new TemplateFault($"the environment variable {c.Text(0)} is not set");
        all["envOrDefault"] = static c =>
            c.Run.Context.Environment(c.Takes(2).Text(0)) is { Length: > 0 } value ? value : c.Text(1);
        all["file"] = static c => c.Run.Context.ReadFile(c.Takes(1).Text(0));
        all["executeTemplate"] = static c => c.Run.Execute(c.Takes(1, 2).Text(0), c.Count > 1 ? c[1] : null);
        all["timestamp"] = static c => Timestamp(c.Takes(0, 1));
        all["writeToFile"] = static c => Write(c.Takes(5, 6));
    }

    private static object? Secret(FunctionCall call) =>
        Ask(call, call.Count > 1 ? QueryKind.Write : QueryKind.Read);

    private static object? Ask(FunctionCall call, QueryKind kind)
    {
        var path = call.Text(0).Trim('/');
        if (path.Length == 0) throw new TemplateFault($"{call.Name} needs a path");
        var parameters = new List<string>();
        for (var i = 1; i < call.Count; i++)
        {
            // A pipeline that gives nothing adds nothing, as consul-template has it.
            if (call.Text(i) is not { Length: > 0 } pair) continue;
            if (pair.IndexOf('=') <= 0) throw new TemplateFault($"{call.Name}: argument {i + 1} is not name=value");
            parameters.Add(pair);
        }
        parameters.Sort(StringComparer.Ordinal);
        return call.Run.Context.Answer(new SecretQuery(kind, path, parameters));
    }

    private static string Timestamp(FunctionCall call)
    {
        var now = call.Run.Context.Clock.GetUtcNow();
        if (call.Count == 0) return now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return call.Text(0) == "unix"
            ? now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)
            : GoLayout.Format(call.Text(0), now);
    }

    // path, owner, group, mode, [flags,] content
    private static string Write(FunctionCall call)
    {
        var flags = call.Count == 6 ? call.Text(4).Split(',') : [];
        if (flags.Any(f => f is not ("append" or "newline" or "")))
            throw new TemplateFault("writeToFile knows the flags append and newline");
        if (ReadMode(call.Text(3)) is not { } mode) throw new TemplateFault("writeToFile: the mode is not octal");
        var content = call.Text(call.Count - 1) + (flags.Contains("newline") ? "\n" : "");
        call.Run.Context.Files.Add(
            new FileWrite(call.Text(0), call.Text(1), call.Text(2), mode, content, flags.Contains("append")));
        return "";
    }

    /// <summary>An octal mode such as <c>0600</c>; null: it is none.</summary>
    public static UnixFileMode? ReadMode(string text)
    {
        if (text.Length == 0) return UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var mode = 0;
        foreach (var c in text)
        {
            if (c is < '0' or > '7') return null;
            mode = mode * 8 + (c - '0');
            if (mode > 0xFFF) return null;
        }
        return (UnixFileMode)mode;
    }
}
