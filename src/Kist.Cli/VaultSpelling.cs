namespace Kist.Cli;

/// <summary>
/// Commands as Vault's program spells them (<c>kist kv get -mount=secret -field=url app</c>), put into Kist's own
/// words, so that scripts and fingers may stay as they are.
/// </summary>
internal static class VaultSpelling
{
    private static readonly (string Vault, string Kist)[] s_commands =
    [
        ("kv get", "get"),
        ("kv put", "put"),
        ("kv patch", "put --patch"),
        ("kv list", "list"),
        ("kv delete", "delete"),
        ("kv undelete", "undelete"),
        ("kv destroy", "destroy --yes"),
        ("kv rollback", "rollback"),
        ("kv metadata get", "history"),
        ("kv metadata delete", "delete --all --yes"),
        ("kv enable-versioning", "mount tune --option version=2"),
        ("secrets list", "mount list"),
        ("secrets enable", "mount enable"),
        ("secrets disable", "mount disable --yes"),
        ("secrets tune", "mount tune"),
        ("auth list", "mount list --auth"),
        ("auth enable", "mount enable --auth"),
        ("auth disable", "mount disable --auth --yes"),
        ("auth tune", "mount tune --auth"),
    ];

    // Whose next word is their value, when no = stands in between.
    private static readonly string[] s_withValue =
    [
        "field", "version", "versions", "cas", "format", "address", "agent-address", "namespace", "path",
        "description", "option", "default-lease-ttl", "max-lease-ttl", "default-ttl", "max-ttl", "listing-visibility",
        "ca-cert", "mount",
    ];

    /// <summary>The arguments in Kist's words; as they are when they are that already.</summary>
    public static string[] Read(string[] args) => WithWhole(Commands(args));

    private static string[] Commands(string[] args)
    {
        foreach (var (vault, kist) in s_commands)
        {
            var words = vault.Split(' ');
            if (!args.AsSpan().StartsWith(words)) continue;
            List<string> rest = [.. args[words.Length..]];
            if (words[0] == "kv") TakeMount(rest);
            // Vault's `kv` without more is version 1, Kist's is 2.
            if (vault == "secrets enable" && rest.Contains("kv") && !rest.Exists(w => Name(w) == "version"))
                rest.AddRange(["--version", "1"]);
            return [.. kist.Split(' '), .. rest.ConvertAll(Option).FindAll(static w => Name(w) != "detailed")];
        }
        return args;
    }

    /// <summary>What to type instead when a group of Vault's is named with a command that is not there.</summary>
    public static string? Hint(string? word) => word switch
    {
        "kv" => "kist put, get, list, history, rollback, delete, undelete, destroy",
        "secrets" or "auth" => "kist mount --help",
        _ => null,
    };

    // -format=json is Vault's; these have a --format of their own, or a program behind them that may.
    private static string[] WithWhole(string[] args)
    {
        if (args is [] or ["scan" or "run" or "age" or "file", ..]) return args;
        var words = new List<string>(args.Length);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--") return [.. words, .. args[i..]];
            var isApart = Name(args[i]) == "format" && !args[i].Contains('=') && i + 1 < args.Length;
            var format = isApart ? args[i + 1] : Name(args[i]) == "format" ? args[i].Split('=')[^1] : null;
            if (format is not ("json" or "table"))
            {
                words.Add(args[i]);
                continue;
            }
            if (format == "json") words.Add("--whole");
            if (isApart) i++;
        }
        return [.. words];
    }

    // -mount=secret app is secret/app.
    private static void TakeMount(List<string> rest)
    {
        var at = rest.FindIndex(static w => Name(w) == "mount");
        if (at < 0) return;
        var mount = rest[at].Contains('=') ? rest[at][(rest[at].IndexOf('=') + 1)..] : rest.ElementAtOrDefault(at + 1);
        rest.RemoveRange(at, rest[at].Contains('=') || mount is null ? 1 : 2);
        for (var i = 0; i < rest.Count; i++)
        {
            if (!rest[i].StartsWith('-'))
            {
                rest[i] = $"{mount?.Trim('/')}/{rest[i].TrimStart('/')}";
                return;
            }
            if (!rest[i].Contains('=') && s_withValue.Contains(Name(rest[i]))) i++;
        }
        if (mount is not null) rest.Add(mount);
    }

    private static string Option(string word) => Name(word) switch
    {
        "default-lease-ttl" => word.Replace("default-lease-ttl", "default-ttl"),
        "max-lease-ttl" => word.Replace("max-lease-ttl", "max-ttl"),
        "agent-address" => word.Replace("agent-address", "address"),
        _ => word,
    };

    private static string? Name(string word) => word.StartsWith('-') ? word.Split('=')[0].TrimStart('-') : null;
}
