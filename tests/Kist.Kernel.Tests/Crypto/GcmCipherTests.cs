using System.Security.Cryptography;
using Kist.Kernel.Crypto;
using Xunit;

namespace Kist.Kernel.Tests.Crypto;

/// <summary>The base class library is the reference: whichever of the two encrypts, both must open it.</summary>
public sealed class GcmCipherTests
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(GcmCipher.KeyBytes);
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(GcmCipher.NonceBytes);

    public static TheoryData<bool, int, int> Cases()
    {
        var cases = new TheoryData<bool, int, int>();
        foreach (var byLibrary in Both)
            foreach (var length in (ReadOnlySpan<int>)[0, 1, 15, 16, 17, 300, 4096, 1_048_576])
                foreach (var associated in (ReadOnlySpan<int>)[0, 5, 64, 517]) cases.Add(byLibrary, length, associated);
        return cases;
    }

    private static IEnumerable<bool> Both => LibCrypto.IsHere ? [true, false] : [true];

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhatOneEncryptsTheOtherOpens(bool byLibrary, int length, int moreBytes)
    {
        var (plain, more) = (RandomNumberGenerator.GetBytes(length), RandomNumberGenerator.GetBytes(moreBytes));
        var (bytes, tag, opened) = (new byte[length], new byte[16], new byte[length]);
        using var cipher = new GcmCipher(_key, byLibrary);
        using var reference = new AesGcm(_key, 16);

        // In turns, on one context: what the last use has left behind must not matter.
        for (var round = 0; round < 3; round++)
        {
            cipher.Encrypt(_nonce, plain, bytes, tag, more);
            reference.Decrypt(_nonce, bytes, tag, opened, more);
            Assert.Equal(plain, opened);

            RandomNumberGenerator.Fill(_nonce);
            reference.Encrypt(_nonce, plain, bytes, tag, more);
            cipher.Decrypt(_nonce, bytes, tag, opened, more);
            Assert.Equal(plain, opened);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void OneBitAnywhereIsAMismatchAndLeavesNothing(bool byLibrary)
    {
        if (!byLibrary && !LibCrypto.IsHere) return;
        var (plain, more) = (RandomNumberGenerator.GetBytes(40), RandomNumberGenerator.GetBytes(20));
        var (bytes, tag, opened) = (new byte[40], new byte[16], new byte[40]);
        using var cipher = new GcmCipher(_key, byLibrary);
        cipher.Encrypt(_nonce, plain, bytes, tag, more);
        foreach (var part in (byte[][])[_nonce, bytes, tag, more])
        {
            for (var i = 0; i < part.Length; i++)
            {
                part[i] ^= (byte)(1 << (i % 8));
                opened.AsSpan().Fill(0xAA);
                Assert.Throws<AuthenticationTagMismatchException>(
                    () => cipher.Decrypt(_nonce, bytes, tag, opened, more));
                Assert.Equal(new byte[40], opened);
                part[i] ^= (byte)(1 << (i % 8));
            }
        }
        cipher.Decrypt(_nonce, bytes, tag, opened, more);
        Assert.Equal(plain, opened);
    }

    [Fact]
    public void WrongLengthsAreRefused()
    {
        using var cipher = new GcmCipher(_key);
        Assert.Throws<ArgumentException>(() => new GcmCipher(new byte[16]));
        Assert.ThrowsAny<ArgumentException>(() => cipher.Encrypt(_nonce, new byte[5], new byte[4], new byte[16], []));
        Assert.ThrowsAny<ArgumentException>(
            () => cipher.Encrypt(new byte[11], new byte[5], new byte[5], new byte[16], []));
        Assert.ThrowsAny<ArgumentException>(() => cipher.Decrypt(_nonce, new byte[5], new byte[12], new byte[5], []));
    }

    [Fact]
    public void AfterItsEndItDoesNothing()
    {
        var cipher = new GcmCipher(_key);
        cipher.Dispose();
        cipher.Dispose();
        Assert.Throws<ObjectDisposedException>(
            () => cipher.Encrypt(_nonce, new byte[5], new byte[5], new byte[16], []));
    }
}
