using System.Collections;
using Kist.Formats.Age;

namespace Kist.Formats.Sops.Keys;

/// <summary>What surrounds key sources: variables, the user's folders, and a person who can be asked.</summary>
public sealed class KeyHost
{
    /// <summary>The variables that say where keys are, and that programs are started with.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Plug-ins of age and whom they and protected identities may ask.</summary>
    public AgeHost Age { get; init; } = new();

    /// <summary>The user's folder; empty where there is none.</summary>
    public string Home => Value("HOME") ?? Value("USERPROFILE") ?? "";

    /// <summary>The user's own file of age identities; null where there is no folder for it.</summary>
    public string? AgeKeyFile
    {
        get
        {
            var folder = Value("XDG_CONFIG_HOME")
                ?? (OperatingSystem.IsWindows() ? Value("AppData") ?? Value("APPDATA")
                    : OperatingSystem.IsMacOS() ? InHome("Library", "Application Support") : InHome(".config"));
            return folder is null ? null : Path.Combine(folder, "sops", "age", "keys.txt");
        }
    }

    /// <summary>The variables of this process.</summary>
    public static IReadOnlyDictionary<string, string> ProcessEnvironment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        return variables;
    }

    /// <summary>A variable; null where it is not set or empty.</summary>
    public string? Value(string name) =>
        Environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>The variable of Kist, else that of Vault: <c>KIST_NAME</c>, <c>VAULT_NAME</c>.</summary>
    internal string? Either(string name) => Value("KIST_" + name) ?? Value("VAULT_" + name);

    /// <summary>A file below the user's folder; null where there is no such folder.</summary>
    internal string? InHome(params ReadOnlySpan<string> parts) =>
        Home.Length == 0 ? null : Path.Combine([Home, .. parts]);
}
