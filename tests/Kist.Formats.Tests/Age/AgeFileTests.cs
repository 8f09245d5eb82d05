using System.Text;
using CsCheck;
using Kist.Formats.Age;

namespace Kist.Formats.Tests.Age;

public sealed class AgeFileTests
{
    private const int Chunk = 64 * 1024;

    /// <summary>Lengths at which something changes: lines of armor, chunks, batches of chunks.</summary>
    private static readonly Gen<int> s_lengths = Gen.OneOf(
        Gen.Int[0, 300], Gen.Int[0, 20].Select(Gen.Int[-2, 2], (chunks, off) => Math.Max(0, chunks * Chunk + off)),
        Gen.Int[0, 40 * Chunk]);

    [Fact]
    public void What_was_encrypted_is_decrypted_to_the_same()
    {
        using var identity = X25519Identity.Generate();
        s_lengths.Select(Gen.Bool, Gen.UInt).Sample((length, armor, seed) =>
        {
            var plain = Bytes(length, seed);
            using var file = new MemoryStream();
            Assert.Null(AgeFile.Encrypt(new MemoryStream(plain), file, [identity.Recipient], armor));
            var (fault, back) = AgeData.Decrypt(file.ToArray(), [identity]);
            Assert.Null(fault);
            Assert.True(plain.AsSpan().SequenceEqual(back));
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void Every_flipped_bit_is_found()
    {
        using var identity = X25519Identity.Generate();
        var file = Encrypt(Bytes(3 * Chunk + 5, 7), identity);
        Gen.Int[0, file.Length - 1].Select(Gen.Int[0, 7]).Sample((at, bit) =>
        {
            var altered = file.ToArray();
            altered[at] ^= (byte)(1 << bit);
            Assert.NotNull(AgeData.Decrypt(altered, [identity]).Fault);
        }, iter: 300, threads: 1);
    }

    [Fact]
    public void Every_flipped_bit_of_the_header_is_found()
    {
        using var identity = X25519Identity.Generate();
        var file = Encrypt("value"u8.ToArray(), identity);
        for (var at = 0; at < file.Length * 8; at++)
        {
            var altered = file.ToArray();
            altered[at / 8] ^= (byte)(1 << (at % 8));
            Assert.NotNull(AgeData.Decrypt(altered, [identity]).Fault);
        }
    }

    [Fact]
    public void Every_cut_is_found_and_only_whole_chunks_are_released()
    {
        using var identity = X25519Identity.Generate();
        var plain = Bytes(12 * Chunk + 9, 11);
        var file = Encrypt(plain, identity);
        Gen.OneOf(Gen.Int[0, 300], Gen.Int[0, file.Length - 1],
            Gen.Int[0, 12].Select(Gen.Int[-2, 2], (n, off) => 16 + 200 + n * (Chunk + 16) + off)).Sample(length =>
        {
            var (fault, released) = AgeData.Decrypt(file[..Math.Clamp(length, 0, file.Length - 1)], [identity]);
            Assert.NotNull(fault);
            Assert.Equal(0, released.Length % Chunk);
            Assert.True(plain.AsSpan(0, released.Length).SequenceEqual(released));
        }, iter: 200, threads: 1);
    }

    [Fact]
    public void Something_appended_is_found()
    {
        using var identity = X25519Identity.Generate();
        foreach (var length in new[] { 0, 1, Chunk - 1, Chunk, Chunk + 1, 9 * Chunk })
        {
            var file = Encrypt(Bytes(length, 3), identity);
            var (fault, _) = AgeData.Decrypt([.. file, 0], [identity]);
            Assert.Equal(AgeFaultKind.Payload, fault?.Kind);
        }
    }

    [Fact]
    public void A_value_in_memory_comes_back()
    {
        using var identity = HybridIdentity.Generate();
        var file = AgeFile.Encrypt("value"u8, [identity.Recipient], armor: true);
        Assert.Null(file.Fault);
        Assert.StartsWith("-----BEGIN AGE ENCRYPTED FILE-----\n", Encoding.ASCII.GetString(file.Value!));
        var plain = AgeFile.Decrypt(file.Value, [identity]);
        Assert.Null(plain.Fault);
        using (plain.Value) Assert.Equal("value"u8, plain.Value!.Span);
    }

    [Fact]
    public void Post_quantum_recipients_go_only_with_their_like()
    {
        using var strong = HybridIdentity.Generate();
        using var weak = X25519Identity.Generate();
        var file = AgeFile.Encrypt("value"u8, [strong.Recipient, weak.Recipient]);
        Assert.Equal(AgeFaultKind.Key, file.Fault?.Kind);
    }

    [Fact]
    public void A_passphrase_goes_with_nobody()
    {
        using var passphrase = new ScryptRecipient("correct horse"u8, logN: 2);
        using var identity = X25519Identity.Generate();
        Assert.Equal(AgeFaultKind.Key, AgeFile.Encrypt("value"u8, [passphrase, identity.Recipient]).Fault?.Kind);
        Assert.Equal(AgeFaultKind.Key, AgeFile.Encrypt("value"u8, [identity.Recipient, passphrase]).Fault?.Kind);
    }

    [Fact]
    public void Nobody_is_no_recipient() =>
        Assert.Equal(AgeFaultKind.Key, AgeFile.Encrypt("value"u8, []).Fault?.Kind);

    [Fact]
    public void A_header_without_end_is_refused_before_it_fills_the_memory()
    {
        using var endless = new EndlessStream("age-encryption.org/v1\n-> X25519 "u8.ToArray(), (byte)'a');
        var fault = AgeFile.Decrypt(endless, Stream.Null, []);
        Assert.Equal(AgeFaultKind.Header, fault?.Kind);
        Assert.InRange(endless.Given, 1, 64 << 20);
    }

    [Fact]
    public void Content_streams_through_constant_memory()
    {
        using var identity = X25519Identity.Generate();
        var plain = new EndlessStream([], 1) { Limit = 256L << 20 };
        using var counter = new CountingStream();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(AgeFile.Encrypt(plain, counter, [identity.Recipient]));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16L << 20);
        Assert.Equal(256L << 20, plain.Given);
        Assert.True(counter.Taken > 256L << 20);
    }

    private static byte[] Encrypt(byte[] plain, X25519Identity identity)
    {
        var outcome = AgeFile.Encrypt(plain, [identity.Recipient]);
        Assert.Null(outcome.Fault);
        return outcome.Value!;
    }

    private static byte[] Bytes(int length, uint seed)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++) bytes[i] = (byte)((seed = seed * 1664525 + 1013904223) >> 24);
        return bytes;
    }
}
