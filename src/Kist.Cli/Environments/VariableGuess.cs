using System.Text;
using Kist.Cli.Running;
using Kist.Scan;
using Kist.Secrets;

namespace Kist.Cli.Environments;

/// <summary>What a variable's value seems to be.</summary>
internal enum VariableKind
{
    /// <summary>Configuration, which may be read by anybody who reads the code.</summary>
    Setting,
    /// <summary>Something that lets in.</summary>
    Secret,
    /// <summary>A reference to a secret elsewhere.</summary>
    Reference,
}

/// <summary>A guess, and what speaks for it.</summary>
/// <param name="Why">A sentence without a full stop and without the value.</param>
/// <param name="IsSure">Whether the value itself says so, rather than its name or nothing.</param>
internal sealed record VariableGuess(VariableKind Kind, string Why, bool IsSure)
{
    // What these frameworks compile into pages that everybody gets.
    private static readonly string[] s_public =
        ["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "NUXT_PUBLIC_", "EXPO_PUBLIC_", "GATSBY_", "PUBLIC_"];

    private static readonly Scanner s_scanner = new(new ScanSettings { HonorsAllowComments = false });

    /// <summary>Looks at a name and its value.</summary>
    public static VariableGuess Of(string name, ReadOnlySpan<byte> value)
    {
        if (value.IndexOf("kist://"u8) >= 0) return new(VariableKind.Reference, "it refers to a store", true);
        if (value.IsEmpty) return new(VariableKind.Setting, "it is empty", true);
        if (RunValues.UrlPassword(value, out _)) return new(VariableKind.Secret, "the URL holds a password", true);
        if (value.IndexOf("-----BEGIN"u8) >= 0 && value.IndexOf("PRIVATE KEY"u8) >= 0)
            return new(VariableKind.Secret, "it is a private key", true);
        if (Recognised(name, value) is { } why) return new(VariableKind.Secret, why, true);
        foreach (var prefix in s_public)
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                return new(VariableKind.Setting, $"{prefix}… is compiled into what browsers get", true);
        if (IsTruth(value)) return new(VariableKind.Setting, "it is a switch", true);
        if (SecretNames.Suggest(name)) return new(VariableKind.Secret, "the name suggests a secret", false);
        return Shape(value);
    }

    private static VariableGuess Shape(ReadOnlySpan<byte> value)
    {
        if (!value.ContainsAnyExcept("0123456789.,-+"u8)) return new(VariableKind.Setting, "it is a number", true);
        if (value.IndexOf("://"u8) > 0) return new(VariableKind.Setting, "it is a URL without a password", true);
        if (value[0] is (byte)'/' or (byte)'.' or (byte)'~') return new(VariableKind.Setting, "it is a path", true);
        return new(VariableKind.Setting, "neither name nor value look like a secret", false);
    }

    private static string? Recognised(string name, ReadOnlySpan<byte> value)
    {
        using var line = new SecretWriter(name.Length + value.Length + 2);
        line.Write(Encoding.UTF8.GetBytes(name));
        line.Write("="u8);
        line.Write(value);
        var findings = new List<Finding>();
        s_scanner.Scan(line.WrittenSpan, new PieceInfo { Path = ".env" }, findings);
        return findings.Count == 0 ? null : findings[0].Why;
    }

    private static bool IsTruth(ReadOnlySpan<byte> value)
    {
        foreach (var word in (ReadOnlySpan<string>)
            ["true", "false", "yes", "no", "on", "off", "0", "1", "null", "none"])
            if (Ascii.EqualsIgnoreCase(value, word)) return true;
        return false;
    }
}
