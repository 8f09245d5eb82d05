using Kist.Kernel.Seals;
using Kist.Kernel.Tests.Barrier;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Seals;

public sealed class ShamirSealTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(5, 3)]
    public async Task EnoughSharesGiveTheRootKeyBack(int shares, int threshold)
    {
        using var rootKey = Opened.NewRootKey();
        using var seal = ShamirSeal.Create();
        var wrapped = await seal.WrapAsync(rootKey.Memory, default);
        var parts = seal.Split(shares, threshold);
        Assert.Equal(shares, parts.Count);
        using var again = ShamirSeal.FromShares([.. parts.TakeLast(threshold)], threshold);
        using var unwrapped = await again.UnwrapAsync(wrapped, default);
        Assert.True(unwrapped.FixedTimeEquals(rootKey.Span));
    }

    [Fact]
    public void TheOnlyShareIsTheKeyItselfAndOthersAreOneByteLonger()
    {
        using var seal = ShamirSeal.Create();
        Assert.Equal(32, Assert.Single(seal.Split(1, 1)).Length);
        Assert.All(seal.Split(5, 3), share => Assert.Equal(33, share.Length));
    }

    [Fact]
    public async Task SharesOfAnotherSetFailClearly()
    {
        using var rootKey = Opened.NewRootKey();
        using var seal = ShamirSeal.Create();
        using var other = ShamirSeal.Create();
        var wrapped = await seal.WrapAsync(rootKey.Memory, default);
        SecretBuffer[] mixed = [seal.Split(3, 2)[0], other.Split(3, 2)[1]];
        if (mixed[0].Span[^1] == mixed[1].Span[^1]) mixed[1].Span[^1] ^= 0x55;
        using var wrong = ShamirSeal.FromShares(mixed, 2);
        var e = await Assert.ThrowsAsync<SealException>(async () => await wrong.UnwrapAsync(wrapped, default));
        Assert.Contains("same set", e.Message);
    }

    [Fact]
    public void TooFewSharesAndAShareOfAWrongLengthAreRefused()
    {
        using var seal = ShamirSeal.Create();
        var shares = seal.Split(3, 3);
        Assert.Throws<SealException>(() => ShamirSeal.FromShares([shares[0], shares[1]], 3));
        Assert.Throws<SealException>(() => ShamirSeal.FromShares([SecretBuffer.Rent(31)], 1));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(256, 2)]
    [InlineData(3, 0)]
    [InlineData(3, 4)]
    [InlineData(3, 1)]
    public void ImpossibleNumbersOfSharesAreNamed(int shares, int threshold)
    {
        Assert.NotNull(new KeySplit(shares, threshold).Refusal);
        using var seal = ShamirSeal.Create();
        Assert.Throws<ArgumentException>(() => seal.Split(shares, threshold));
    }

    [Fact]
    public async Task EveryFlippedByteOfAWrappedKeyIsNoticed()
    {
        using var rootKey = Opened.NewRootKey();
        using var seal = ShamirSeal.Create();
        var wrapped = await seal.WrapAsync(rootKey.Memory, default);
        for (var i = 0; i < wrapped.Length; i++)
        {
            wrapped[i] ^= 1;
            await Assert.ThrowsAsync<SealException>(async () => await seal.UnwrapAsync(wrapped, default));
            wrapped[i] ^= 1;
        }
        for (var length = 0; length < wrapped.Length; length++)
            await Assert.ThrowsAsync<SealException>(async () => await seal.UnwrapAsync(wrapped[..length], default));
    }

    [Fact]
    public void ACollectionCountsEachShareOnceAndForgetsThemOnReset()
    {
        using var seal = ShamirSeal.Create();
        var shares = seal.Split(3, 2);
        using var given = new ShareCollection(2);
        var nonce = given.Nonce;
        Assert.True(given.Add(shares[0].Span));
        Assert.False(given.Add(shares[0].Span));
        Assert.Equal((1, false), (given.Progress, given.IsComplete));
        Assert.True(given.Add(shares[1].Span));
        Assert.True(given.IsComplete);
        var kept = given.Shares[0];
        given.Reset();
        Assert.Equal(0, given.Progress);
        Assert.NotEqual(nonce, given.Nonce);
        Assert.Throws<ObjectDisposedException>(() => kept.Memory.Length);
    }
}
