using CsCheck;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Seals;

public sealed class ShamirTests
{
    [Fact]
    public void AnyThresholdOfTheSharesRestoresTheSecret() =>
        Gen.Select(Gen.Byte.Array[1, 40], Gen.Int[2, 9], Gen.Int[0, 5], Gen.Int).Sample((secret, k, more, seed) =>
        {
            var shares = Shamir.Split(secret, k + more, k);
            var chosen = shares.ToArray();
            new Random(seed).Shuffle(chosen);
            Assert.All(shares, s => Assert.Equal(secret.Length + 1, s.Length));
            Assert.Equal(secret, Combined(chosen[..k]));
            Assert.Equal(secret, Combined(chosen));
        }, iter: 300);

    [Fact]
    public void AllOfTheMostSharesRestoreTheSecret()
    {
        byte[] secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        Assert.Equal(secret, Combined([.. Shamir.Split(secret, 255, 255)]));
    }

    /// <summary>Worked by hand over the field: f(x) = 0x53 + 0xCA·x at x = 1, 2, 3.</summary>
    [Theory]
    [InlineData("9901", "dc02")]
    [InlineData("dc02", "1603")]
    [InlineData("9901", "1603")]
    public void KnownSharesGiveTheKnownSecret(string one, string other) =>
        Assert.Equal("53", Convert.ToHexStringLower(Combined([Share(one), Share(other)])));

    [Fact]
    public void ThePointsAreDifferentAndNeverZero()
    {
        var points = Shamir.Split(new byte[1], 255, 2).Select(s => s.Span[^1]).ToHashSet();
        Assert.Equal(255, points.Count);
        Assert.DoesNotContain((byte)0, points);
    }

    [Fact]
    public void MultiplicationAndInversionAgreeWithTables()
    {
        var (exp, log) = Tables();
        for (var a = 0; a < 256; a++)
        {
            for (var b = 0; b < 256; b++)
            {
                var expected = a == 0 || b == 0 ? 0 : exp[(log[a] + log[b]) % 255];
                Assert.Equal(expected, Gf256.Multiply((byte)a, (byte)b));
            }
            Assert.Equal(a == 0 ? 0 : exp[(255 - log[a]) % 255], Gf256.Invert((byte)a));
        }
    }

    /// <summary>
    /// With one share too few every secret byte is equally likely: the value that two of three shares combine to is
    /// spread evenly, and independent of the secret. 12,800 draws over 256 values: chi-square with 255 degrees of
    /// freedom has mean 255 and standard deviation 22.6; 400 is 6.4 of them away.
    /// </summary>
    [Theory]
    [InlineData(0x00)]
    [InlineData(0x41)]
    [InlineData(0xFF)]
    public void OneShareTooFewSaysNothing(byte secret)
    {
        const int draws = 12_800;
        var combined = new int[256];
        var raw = new int[256];
        for (var i = 0; i < draws; i++)
        {
            var shares = Shamir.Split([secret], 3, 3);
            combined[Combined([shares[0], shares[1]])[0]]++;
            raw[shares[0].Span[0]]++;
        }
        Assert.InRange(ChiSquare(combined, draws), 130, 400);
        Assert.InRange(ChiSquare(raw, draws), 130, 400);
    }

    [Fact]
    public void TheHighestCoefficientMayBeZero()
    {
        // With two shares of a threshold of two, y equal at both points means slope zero: 1 in 256 splits.
        var flat = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var shares = Shamir.Split([7], 2, 2);
            if (shares[0].Span[0] == shares[1].Span[0]) flat++;
        }
        Assert.InRange(flat, 5, 120);
    }

    [Fact]
    public void AShareGivenTwiceIsRefused()
    {
        var shares = Shamir.Split(new byte[32], 3, 2);
        Assert.Throws<ArgumentException>(() => Shamir.Combine([shares[0], shares[0]]));
        Assert.Throws<ArgumentException>(() => Shamir.Combine([shares[0], SecretBuffer.Copy(shares[0].Span)]));
    }

    [Theory]
    [InlineData("0001")]
    [InlineData("0001", "000102")]
    [InlineData("01", "02")]
    [InlineData("0001", "0000")]
    public void SharesThatCannotFitAreRefused(params string[] shares) =>
        Assert.Throws<ArgumentException>(() => Shamir.Combine([.. shares.Select(Share)]));

    [Theory]
    [InlineData(3, 1)]
    [InlineData(2, 3)]
    [InlineData(256, 2)]
    public void ImpossibleSplitsAreRefused(int shares, int threshold) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Shamir.Split(new byte[32], shares, threshold));

    [Fact]
    public void SharesInOrderLieAtThePointsFromOneOn()
    {
        var shares = Shamir.SplitInOrder([1, 2, 3], 5, 3);
        Assert.Equal([1, 2, 3, 4, 5], shares.Select(s => (int)s.Span[^1]));
        Assert.Equal([1, 2, 3], Combined([shares[4], shares[0], shares[2]]));
    }

    private static SecretBuffer Share(string hex) => SecretBuffer.Copy(Convert.FromHexString(hex));

    private static byte[] Combined(IReadOnlyList<SecretBuffer> shares)
    {
        using var secret = Shamir.Combine(shares);
        return secret.Span.ToArray();
    }

    private static double ChiSquare(int[] counts, int draws)
    {
        var expected = draws / 256.0;
        return counts.Sum(c => (c - expected) * (c - expected) / expected);
    }

    /// <summary>Powers and logarithms to the base 3, as in the textbooks.</summary>
    private static (int[] Exp, int[] Log) Tables()
    {
        var (exp, log) = (new int[255], new int[256]);
        var x = 1;
        for (var i = 0; i < 255; i++)
        {
            (exp[i], log[x]) = (x, i);
            var doubled = x << 1;
            if (doubled > 255) doubled ^= 0x11B;
            x = doubled ^ x;
        }
        return (exp, log);
    }
}
