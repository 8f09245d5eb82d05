using System.Security.Cryptography;
using CsCheck;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Crypto;
using Kist.Secrets;

namespace Kist.Formats.Tests.Sops;

public sealed class ValueCipherTests
{
    private static DataKey Key(byte[] bytes) => DataKey.Of(SecretBuffer.Copy(bytes)).Value!;

    /// <summary>Where the platform has the cipher too, both write the same.</summary>
    [Fact]
    public void With_twelve_bytes_of_nonce_it_is_the_platforms_cipher() =>
        Gen.Select(Gen.Byte.Array[32], Gen.Byte.Array[12], Gen.Byte.Array[0, 70], Gen.Byte.Array[0, 9000])
            .Sample((key, nonce, aad, plain) =>
            {
                using var dataKey = Key(key);
                using var cipher = new ValueCipher(dataKey);
                var (text, tag) = (new byte[plain.Length], new byte[16]);
                cipher.Seal(nonce, aad, plain, text, tag);
                using var aes = new AesGcm(key, 16);
                var (theirs, theirTag) = (new byte[plain.Length], new byte[16]);
                aes.Encrypt(nonce, plain, theirs, theirTag, aad);
                Assert.Equal(theirs, text);
                Assert.Equal(theirTag, tag);
            }, iter: 200, threads: 1);

    /// <summary>Test cases 17 and 18 of the GCM specification: nonces of 8 and of 60 bytes.</summary>
    [Theory]
    [InlineData("cafebabefacedbad",
        "c3762df1ca787d32ae47c13bf19844cbaf1ae14d0b976afac52ff7d79bba9de0feb582d33934a4f0954cc2363bc73f7862ac430e64abe4"
        + "99f47c9b1f", "3a337dbf46a792c45e454913fe2ea8f2")]
    [InlineData("9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728c3c0c95156809539fcf0e2429a6b525416aedb"
        + "f5a0de6a57a637b39b",
        "5a8def2f0c9e53f1f75d7853659e2a20eeb2b22aafde6419a058ab4f6f746bf40fc0c3b780f244452da3ebf1c5d82cdea2418997200ef8"
        + "2e44ae7e3f", "a44a8266ee1c8eb0c8b5d4cf5ae9f19a")]
    public void With_other_nonces_it_is_that_of_the_specification(string nonce, string text, string tag)
    {
        var plain = Convert.FromHexString("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
            + "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        using var key = Key(Convert.FromHexString("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
        using var cipher = new ValueCipher(key);
        var (ours, ourTag) = (new byte[plain.Length], new byte[16]);
        var aad = Convert.FromHexString("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        cipher.Seal(Convert.FromHexString(nonce), aad, plain, ours, ourTag);
        Assert.Equal(text, Convert.ToHexStringLower(ours));
        Assert.Equal(tag, Convert.ToHexStringLower(ourTag));
    }

    [Fact]
    public void What_is_sealed_opens_and_every_flipped_bit_is_noticed() =>
        Gen.Select(Gen.Byte.Array[1, 70], Gen.Byte.Array[0, 40], Gen.Byte.Array[0, 5000], Gen.Int[0, 1 << 20])
            .Sample((nonce, aad, plain, place) =>
            {
                using var key = DataKey.New();
                using var cipher = new ValueCipher(key);
                var text = new byte[plain.Length + 16];
                cipher.Seal(nonce, aad, plain, text, text.AsSpan(plain.Length));
                var opened = new byte[plain.Length];
                Assert.True(cipher.TryOpen(nonce, aad, text, opened));
                Assert.Equal(plain, opened);
                var bit = place % (text.Length * 8);
                text[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(cipher.TryOpen(nonce, aad, text, opened));
                Assert.All(opened, b => Assert.Equal(0, b));
            }, iter: 300, threads: 1);

    [Fact]
    public void Without_the_processors_help_the_product_is_the_same() =>
        Gen.Select(Gen.ULong, Gen.ULong).Sample((a, b) =>
        {
            UInt128 expected = 0;
            for (var i = 0; i < 64; i++) if (((b >> i) & 1) == 1) expected ^= (UInt128)a << i;
            var (high, low) = GHash.ClMulSoftware(a, b);
            Assert.Equal(expected, new UInt128(high, low));
        }, iter: 1000);
}
