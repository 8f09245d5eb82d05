using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Hcl;
using Kist.Secrets;

namespace Kist.Kernel.Policies.Passwords;

/// <summary>A number of characters that must come from a set.</summary>
internal sealed record CharsetRule(IReadOnlySet<Rune> Charset, int MinChars);

/// <summary>
/// How generated passwords look. A password is drawn uniformly from all that satisfy the rules.
/// Reference: "Password policies" in Vault's documentation.
/// </summary>
public sealed class PasswordPolicy
{
    /// <summary>The shortest password in characters.</summary>
    public const int MinLength = 4;

    /// <summary>The longest password in characters.</summary>
    public const int MaxLength = 100;

    // A policy is accepted when one of TrialDraws succeeds; Generate may take a hundred times as many, so that it
    // cannot fail for an accepted policy in the lifetime of a server.
    private const int TrialDraws = 10_000;

    private readonly int _length;
    private readonly IReadOnlyList<CharsetRule> _rules;
    private readonly Rune[] _alphabet;

    internal PasswordPolicy(int length, IReadOnlyList<CharsetRule> rules)
    {
        _length = length;
        _rules = rules;
        _alphabet = [.. rules.SelectMany(rule => rule.Charset).Distinct()];
    }

    /// <summary>Parses HCL or JSON; false with a text that names the place, never the content.</summary>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out PasswordPolicy? policy,
        [NotNullWhen(false)] out string? error)
    {
        (policy, var reason) = HclDocument.TryParse(text, HclLimits.Default, out var root, out var broken)
            ? PasswordPolicyReader.Read(root)
            : (null, broken.ToString());
        using var trial = policy?.Draw(TrialDraws);
        if (policy is not null && trial is null)
            (policy, reason) = (null, "no password satisfies the rules; are they impossible?");
        error = policy is null ? $"invalid password policy: {reason}" : null;
        return policy is not null;
    }

    /// <summary>A fresh password in UTF-8; the caller disposes it.</summary>
    public SecretBuffer Generate() =>
        Draw(TrialDraws * 100) ?? throw new CryptographicException("the password policy accepted no drawn password");

    private SecretBuffer? Draw(int attempts)
    {
        Span<Rune> password = stackalloc Rune[_length];
        for (; attempts > 0; attempts--)
        {
            RandomNumberGenerator.GetItems(_alphabet, password);
            if (!Satisfies(password)) continue;
            var encoded = Encode(password);
            password.Clear();
            return encoded;
        }
        return null;
    }

    private bool Satisfies(ReadOnlySpan<Rune> password)
    {
        foreach (var rule in _rules)
        {
            var missing = rule.MinChars;
            for (var i = 0; missing > 0 && i < password.Length; i++)
                if (rule.Charset.Contains(password[i])) missing--;
            if (missing > 0) return false;
        }
        return true;
    }

    private static SecretBuffer Encode(ReadOnlySpan<Rune> password)
    {
        var buffer = SecretBuffer.Rent(password.Length * 4);
        var length = 0;
        foreach (var rune in password) length += rune.EncodeToUtf8(buffer.Span[length..]);
        buffer.Truncate(length);
        return buffer;
    }
}
