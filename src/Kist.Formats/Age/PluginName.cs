using System.Buffers;

namespace Kist.Formats.Age;

/// <summary>The name of a plug-in, which becomes the name of a program to start.</summary>
internal static class PluginName
{
    private const string IdentityPrefix = "age-plugin-";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789+-._");

    /// <summary>Whether the name can only be that of a file in a folder.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= 100 && !name.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>The name in the prefix of a recipient, <c>age1NAME</c>; null if there is no valid one.</summary>
    public static string? OfRecipient(string prefix) =>
        prefix.StartsWith("age1", StringComparison.Ordinal) && IsValid(prefix[4..]) ? prefix[4..] : null;

    /// <summary>
    /// The name in the prefix of an identity, <c>AGE-PLUGIN-NAME-</c>; null if there is no valid one.
    /// </summary>
    public static string? OfIdentity(string prefix)
    {
        var lower = prefix.ToLowerInvariant();
        if (!lower.StartsWith(IdentityPrefix, StringComparison.Ordinal) || !lower.EndsWith('-')
            || lower.Length <= IdentityPrefix.Length)
            return null;
        var name = lower[IdentityPrefix.Length..^1];
        return IsValid(name) ? name : null;
    }

    /// <summary>The prefix of the identities of a plug-in, in lower case.</summary>
    public static string PrefixOf(string name) => $"{IdentityPrefix}{name}-";

    /// <summary>Finds the program of a plug-in; null if no folder has it.</summary>
    public static string? Find(string name, IReadOnlyList<string> folders)
    {
        if (!IsValid(name)) return null;
        foreach (var folder in folders)
        {
            if (!Path.IsPathFullyQualified(folder)) continue;
            var path = Path.Combine(folder, IdentityPrefix + name);
            if (!File.Exists(path)) continue;
            if (OperatingSystem.IsWindows()) return path;
            const UnixFileMode run = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            if ((File.GetUnixFileMode(path) & run) != 0) return path;
        }
        return null;
    }
}
