using System.Security.Cryptography;

namespace Kist.Secrets;

/// <summary>
/// Shamir's secret sharing (Communications of the ACM 22(11), 1979) over GF(2⁸), byte by byte. A share is the bytes of
/// the polynomials at one point, followed by that point: one byte longer than the secret, as Vault hands them out.
/// </summary>
public static class Shamir
{
    /// <summary>The field has this many points besides zero, where the secret lies.</summary>
    public const int MaxShares = 255;

    /// <summary>
    /// Cuts <paramref name="secret"/> into <paramref name="shares"/> parts, any <paramref name="threshold"/> of which
    /// restore it and fewer of which say nothing. 2 ≤ threshold ≤ shares ≤ <see cref="MaxShares"/>. The caller
    /// disposes the parts.
    /// </summary>
    public static IReadOnlyList<SecretBuffer> Split(ReadOnlySpan<byte> secret, int shares, int threshold)
    {
        MustBePossible(secret, shares, threshold);
        Span<byte> points = stackalloc byte[MaxShares];
        for (var i = 0; i < MaxShares; i++) points[i] = (byte)(i + 1);
        for (var i = 0; i < shares; i++)
        {
            var drawn = RandomNumberGenerator.GetInt32(i, MaxShares);
            (points[i], points[drawn]) = (points[drawn], points[i]);
        }
        return Split(secret, points[..shares], threshold);
    }

    /// <summary>As <see cref="Split(ReadOnlySpan{byte}, int, int)"/>, but the first share lies at the point 1, the
    /// second at 2 and so on, as SOPS gives them to its key groups.</summary>
    public static IReadOnlyList<SecretBuffer> SplitInOrder(ReadOnlySpan<byte> secret, int shares, int threshold)
    {
        MustBePossible(secret, shares, threshold);
        Span<byte> points = stackalloc byte[MaxShares];
        for (var i = 0; i < MaxShares; i++) points[i] = (byte)(i + 1);
        return Split(secret, points[..shares], threshold);
    }

    /// <summary>
    /// The secret that the shares were cut from, if they are enough and of one set; another value if not: only its use
    /// can tell. Throws <see cref="ArgumentException"/> for what <see cref="WhyNot"/> refuses. The caller disposes the
    /// result.
    /// </summary>
    public static SecretBuffer Combine(IReadOnlyList<SecretBuffer> shares)
    {
        if (WhyNot(shares) is { } reason) throw new ArgumentException(reason, nameof(shares));
        Span<byte> weights = stackalloc byte[shares.Count];
        for (var i = 0; i < shares.Count; i++) weights[i] = WeightAtZero(shares, i);
        var secret = SecretBuffer.Rent(shares[0].Length - 1);
        var bytes = secret.Span;
        for (var i = 0; i < shares.Count; i++)
        {
            var share = shares[i].Span;
            for (var at = 0; at < bytes.Length; at++) bytes[at] ^= Gf256.Multiply(share[at], weights[i]);
        }
        return secret;
    }

    /// <summary>Why these shares cannot be combined: fewer than two, different or too small lengths, one that is there
    /// twice. Null when they can.</summary>
    public static string? WhyNot(IReadOnlyList<SecretBuffer> shares)
    {
        if (shares.Count is < 2 or > MaxShares)
            return $"2 to {MaxShares} key shares are combined, not {shares.Count}";
        Span<bool> seen = stackalloc bool[MaxShares + 1];
        foreach (var share in shares)
        {
            if (share.Length < 2 || share.Length != shares[0].Length)
                return "the key shares have different lengths, or are too short";
            ref var there = ref seen[share.Span[^1]];
            if (there) return "a key share was given twice";
            if (share.Span[^1] == 0) return "a key share is malformed";
            there = true;
        }
        return null;
    }

    private static void MustBePossible(ReadOnlySpan<byte> secret, int shares, int threshold)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shares, MaxShares);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threshold, shares);
        ArgumentOutOfRangeException.ThrowIfZero(secret.Length);
    }

    private static SecretBuffer[] Split(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> points, int threshold)
    {
        var parts = new SecretBuffer[points.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = SecretBuffer.Rent(secret.Length + 1);
            parts[i].Span[^1] = points[i];
        }
        using var coefficients = SecretBuffer.Rent(threshold);
        for (var at = 0; at < secret.Length; at++)
        {
            // The highest coefficient may be zero: a polynomial drawn from fewer would tell something about the secret.
            RandomNumberGenerator.Fill(coefficients.Span);
            coefficients.Span[0] = secret[at];
            foreach (var part in parts) part.Span[at] = Evaluate(coefficients.Span, part.Span[^1]);
        }
        return parts;
    }

    /// <summary>Horner's rule; the lowest coefficient comes first.</summary>
    private static byte Evaluate(ReadOnlySpan<byte> coefficients, byte x)
    {
        var y = coefficients[^1];
        for (var i = coefficients.Length - 2; i >= 0; i--) y = (byte)(Gf256.Multiply(y, x) ^ coefficients[i]);
        return y;
    }

    /// <summary>Lagrange's weight of one point for the value at zero.</summary>
    private static byte WeightAtZero(IReadOnlyList<SecretBuffer> shares, int of)
    {
        var x = shares[of].Span[^1];
        var weight = (byte)1;
        for (var i = 0; i < shares.Count; i++)
        {
            if (i == of) continue;
            var other = shares[i].Span[^1];
            weight = Gf256.Multiply(weight, Gf256.Multiply(other, Gf256.Invert((byte)(other ^ x))));
        }
        return weight;
    }
}
