using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Kist.Kernel.Audit;

/// <summary>Checks the signatures of checkpoints. Every one must be made with the same key.</summary>
internal sealed class CheckpointReader
{
    private ECDsa? _key;
    private byte[] _keyInfo = [];

    /// <summary>A reader that demands <paramref name="publicKeyPem"/>, or keeps to the first key it sees when
    /// null.</summary>
    public CheckpointReader(string? publicKeyPem)
    {
        if (publicKeyPem is null) return;
        _key = ECDsa.Create();
        _key.ImportFromPem(publicKeyPem);
        _keyInfo = _key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>The key, as PEM; null before the first checkpoint.</summary>
    public string? KeyPem => _key?.ExportSubjectPublicKeyInfoPem();

    private static ReadOnlySpan<byte> SignatureName => ",\"signature\":\""u8;

    /// <summary>Whether the line says that it is a checkpoint.</summary>
    public static bool IsCheckpoint(ReadOnlySpan<byte> line)
    {
        var start = line.IndexOf("{\"time\":\""u8);
        if (start < 0) return false;
        line = line[(start + 9)..];
        var end = line.IndexOf((byte)'"');
        return end >= 0 && line[end..].StartsWith("\",\"type\":\"checkpoint\","u8);
    }

    /// <summary>Where the server expected the chain to stand, when it was not so; null otherwise.</summary>
    public static long? Expected(ReadOnlySpan<byte> line) =>
        Facts.TryRead(line, out var facts) ? facts.ExpectedSequence : null;

    /// <summary>What is wrong with a checkpoint; null when it is good.</summary>
    public string? Check(ReadOnlySpan<byte> line, in ChainFields fields)
    {
        if (!Facts.TryRead(line, out var facts)) return "the checkpoint cannot be read";
        if (facts.Sequence != fields.Sequence || !Ascii.Equals(fields.Previous, facts.Previous))
            return "the checkpoint was signed for another line";
        if (_key is null) UseKey(facts.Key);
        else if (!facts.Key.AsSpan().SequenceEqual(_keyInfo)) return "the checkpoint is signed with another key";
        var signed = line[..line.LastIndexOf(SignatureName)];
        return _key is not null
            && _key.VerifyData(signed, facts.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
            ? null : "the checkpoint's signature is not good";
    }

    private void UseKey(byte[] keyInfo)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(keyInfo, out _);
            (_key, _keyInfo) = (key, keyInfo);
        }
        catch (CryptographicException)
        {
            key.Dispose();
        }
    }

    /// <summary>The fields of a checkpoint.</summary>
    private sealed record Facts(long Sequence, string Previous, long? ExpectedSequence, byte[] Key, byte[] Signature)
    {
        public static bool TryRead(ReadOnlySpan<byte> line, out Facts facts)
        {
            facts = null!;
            try
            {
                var brace = line.IndexOf("{\"time\":\""u8);
                if (brace < 0 || line.LastIndexOf(SignatureName) < 0) return false;
                var reader = new Utf8JsonReader(line[brace..]);
                using var document = JsonDocument.ParseValue(ref reader);
                var checkpoint = document.RootElement.GetProperty("checkpoint");
                facts = new Facts(
                    checkpoint.GetProperty("seq").GetInt64(), checkpoint.GetProperty("prev").GetString() ?? "",
                    checkpoint.TryGetProperty("expected_seq", out var expected) ? expected.GetInt64() : null,
                    checkpoint.GetProperty("key").GetBytesFromBase64(),
                    checkpoint.GetProperty("signature").GetBytesFromBase64());
                return true;
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
                or FormatException)
            {
                return false;
            }
        }
    }
}
