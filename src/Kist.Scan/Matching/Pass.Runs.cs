using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace Kist.Scan.Matching;

/// <summary>Tokens without any fixed text, found because nothing else is that long: Bitcoin keys, Discord's
/// tokens.</summary>
internal ref partial struct Pass
{
    private const string Base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    // A run of 31 bytes or more holds a whole aligned block of 16.
    private void Runs()
    {
        if (!_index.Finders.ContainsKey("bitcoin-wif") && !_index.Finders.ContainsKey("discord-bot")) return;
        ref var first = ref MemoryMarshal.GetReference(_text);
        for (var at = 0; at <= _text.Length - 16; at += 16)
        {
            var block = Vector128.LoadUnsafe(ref first, (nuint)at);
            var letters = (block | Vector128.Create((byte)0x20)) - Vector128.Create((byte)'a');
            var digits = block - Vector128.Create((byte)'0');
            var isRun = Vector128.LessThanOrEqual(letters, Vector128.Create((byte)25))
                | Vector128.LessThanOrEqual(digits, Vector128.Create((byte)9))
                | Vector128.Equals(block, Vector128.Create((byte)'-'))
                | Vector128.Equals(block, Vector128.Create((byte)'_'));
            if (isRun.ExtractMostSignificantBits() != 0xFFFF) continue;
            var start = at - ByteSet.Base64Url.TailLength(_text[Math.Max(0, at - 64)..at]);
            var end = at + 16 + ByteSet.Base64Url.RunLength(_text[(at + 16)..Math.Min(_text.Length, at + 80)]);
            if (end - start < 80) Run(start, end);
            at = Math.Max(at, (end & ~15) - 16);
        }
    }

    private void Run(int start, int end)
    {
        var run = _text[start..end];
        if (run.Length is 51 or 52 && run[0] is (byte)'5' or (byte)'K' or (byte)'L' && IsWif(run))
        {
            Hit("bitcoin-wif", start, end, "base58 of a private key, and its checksum is right", null, Confidence.High);
        }
        else if (run.Length is >= 27 and <= 44 && start > 30 && _text[start - 1] == (byte)'.'
            && _text[start - 8] == (byte)'.')
        {
            var middle = ByteSet.Base64Url.RunLength(_text[(start - 7)..(start - 1)]);
            var user = ByteSet.Base64Url.TailLength(_text[Math.Max(0, start - 40)..(start - 8)]);
            var from = start - 8 - user;
            if (middle != 6 || user is < 23 or > 28 || _text[from] is not ((byte)'M' or (byte)'N' or (byte)'O')) return;
            var token = _text[from..end];
            var against = Placeholders.InToken(token) ?? (Randomness.IsRandom(token)
                ? null : "it does not look random");
            Hit("discord-bot", from, end, "three parts of the lengths of a Discord token", against);
        }
    }

    // 0x80, 32 bytes, perhaps a 1, and the first four bytes of the double hash.
    private static bool IsWif(ReadOnlySpan<byte> text)
    {
        Span<byte> bytes = stackalloc byte[38];
        bytes.Clear();
        foreach (var one in text)
        {
            var carry = Base58.IndexOf((char)one);
            if (carry < 0) return false;
            for (var i = bytes.Length - 1; i >= 0; i--)
            {
                carry += bytes[i] * 58;
                bytes[i] = (byte)carry;
                carry >>= 8;
            }
            if (carry != 0) return false;
        }
        var key = text.Length == 51 ? bytes[1..] : bytes;
        if (key[0] != 0x80) return false;
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(key[..^4], hash);
        SHA256.HashData(hash, hash);
        return key[^4..].SequenceEqual(hash[..4]);
    }
}
