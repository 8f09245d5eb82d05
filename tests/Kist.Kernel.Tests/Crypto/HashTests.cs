using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kist.Kernel.Crypto;
using Xunit;

namespace Kist.Kernel.Tests.Crypto;

/// <summary>The base class library's hashes are the reference.</summary>
public sealed class HashTests
{
    public static TheoryData<bool> Both => LibCrypto.IsHere ? [true, false] : [true];

    [Theory]
    [MemberData(nameof(Both))]
    public void AHashIsTheBaseClassLibrarys(bool byLibrary)
    {
        var context = new Sha256(byLibrary);
        var hash = new byte[32];
        for (var length = 0; length < 300; length++)
        {
            var text = RandomNumberGenerator.GetBytes(length);
            context.Write(text, hash);
            Assert.Equal(SHA256.HashData(text), hash);
            Sha256.Hash(text, hash);
            Assert.Equal(SHA256.HashData(text), hash);
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void AKeyedHashIsTheBaseClassLibrarys(bool byLibrary)
    {
        var hash = new byte[32];
        // A key of more than a block is hashed first.
        foreach (var keyBytes in (ReadOnlySpan<int>)[1, 32, 64, 65, 200])
        {
            var key = RandomNumberGenerator.GetBytes(keyBytes);
            using var context = new HmacSha256(key, byLibrary);
            for (var length = 0; length < 200; length++)
            {
                var text = RandomNumberGenerator.GetBytes(length);
                context.Hash(text, hash);
                Assert.Equal(HMACSHA256.HashData(key, text), hash);
            }
        }
    }

    [Fact]
    public void WhereTheSystemHasTheLibraryItIsUsed()
    {
        // Everything above would hold without it, too, and nobody would notice what was lost.
        Assert.Equal(NativeLibrary.TryLoad("libcrypto.so.3", out _), LibCrypto.IsHere);
    }

    [Fact]
    public void WrongLengthsAreRefusedAndTheEndIsTheEnd()
    {
        var context = new HmacSha256(new byte[32]);
        Assert.ThrowsAny<ArgumentException>(() => context.Hash([1], new byte[31]));
        context.Dispose();
        context.Dispose();
        Assert.ThrowsAny<ObjectDisposedException>(() => context.Hash([1], new byte[32]));
    }
}
