using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Digests;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/tools</c>: random bytes and hashes.</summary>
internal static class ToolPaths
{
    private const int MaxBytes = 131_072;

    private static readonly Field<string> Wish =
        Fields.Text("wish", "The number of bytes, or their source and number.");
    private static readonly Field<string> Count = Fields.Text("bytes", "The number of bytes.", "32");
    private static readonly Field<string> Source =
        Fields.Text("source", "platform, seal or all: every one is the system's generator.");
    private static readonly Field<string> RandomFormat = Fields.Text("format", "base64 or hex.", "base64");
    private static readonly Field<string> Input = Fields.Text("input", "What to hash, in base64.");
    private static readonly Field<string> Algorithm =
        Fields.Text("algorithm", "sha2-224, -256, -384, -512 or sha3-224, -256, -384, -512.", "sha2-256");
    private static readonly Field<string> PathAlgorithm = Fields.Text("urlalgorithm", "The algorithm, in the path.");
    private static readonly Field<string> HashFormat = Fields.Text("format", "hex or base64.", "hex");

    public static IReadOnlyList<Route> Routes { get; } =
    [
        new(Operation.Update, "tools/random", call =>
            Random(call, call.Get(Count), call.Get(Source)), "Makes random bytes",
            Count, Source, RandomFormat) { HasEffects = true },
        new(Operation.Update, "tools/random/{wish+}", RandomAt, "Makes random bytes", Wish, Count, Source,
            RandomFormat),
        new(Operation.Update, "tools/hash", call =>
            Hash(call, call.Get(Algorithm)), "Hashes bytes", Input, Algorithm, HashFormat),
        new(Operation.Update, "tools/hash/{urlalgorithm}", call =>
            Hash(call, call.Get(PathAlgorithm)), "Hashes bytes", Input,
            PathAlgorithm, HashFormat),
    ];

    private static ValueTask<Response> RandomAt(Call call)
    {
        var parts = call.Get(Wish).Split('/');
        return parts switch
        {
            [var single] when single is "platform" or "seal" or "all" => Random(call, call.Get(Count), single),
            [var single] => Random(call, single, call.Get(Source)),
            [var source, var count] => Random(call, count, source),
            _ => new(Fault.UnsupportedPath),
        };
    }

    private static ValueTask<Response> Random(Call call, string countText, string source)
    {
        if (!int.TryParse(countText, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count))
            return new(Fault.Invalid("error parsing byte count: expected a whole number"));
        if (count < 1) return new(Fault.Invalid("\"bytes\" cannot be less than 1"));
        if (count > MaxBytes) return new(Fault.Invalid($"\"bytes\" should be less than {MaxBytes}"));
        if (source is not ("" or "platform" or "seal" or "all"))
            return new(Fault.Invalid(
                $"unsupported entropy source \"{source}\"; must be \"platform\" or \"seal\", or \"all\""));
        if (FormatFault(call.Get(RandomFormat)) is { } fault) return new(fault);
        using var bytes = SecretBuffer.Rent(count);
        RandomNumberGenerator.Fill(bytes.Span);
        return new(Answer("random_bytes", bytes.Span, call.Get(RandomFormat)));
    }

    private static ValueTask<Response> Hash(Call call, string algorithm)
    {
        var input = call.Get(Input);
        if (!Base64.IsValid(input)) return new(Fault.Invalid("unable to decode input as base64"));
        var format = call.Get(HashFormat);
        if (format is not ("hex" or "base64"))
            return new(Fault.Invalid($"unsupported encoding format {format}; must be \"hex\" or \"base64\""));
        using var bytes = SecretBuffer.Rent(input.Length);
        Convert.TryFromBase64String(input, bytes.Span, out var length);
        if (Digest(algorithm, bytes.Span[..length]) is not { } sum)
            return new(Fault.Invalid($"unsupported algorithm {algorithm}"));
        return new(Answer("sum", sum, format));
    }

    private static byte[]? Digest(string algorithm, ReadOnlySpan<byte> bytes) => algorithm switch
    {
        "sha2-256" => SHA256.HashData(bytes),
        "sha2-384" => SHA384.HashData(bytes),
        "sha2-512" => SHA512.HashData(bytes),
        "sha3-256" when SHA3_256.IsSupported => SHA3_256.HashData(bytes),
        "sha3-384" when SHA3_384.IsSupported => SHA3_384.HashData(bytes),
        "sha3-512" when SHA3_512.IsSupported => SHA3_512.HashData(bytes),
        "sha2-224" => Digest(new Sha224Digest(), bytes),
        "sha3-224" => Digest(new Sha3Digest(224), bytes),
        "sha3-256" => Digest(new Sha3Digest(256), bytes),
        "sha3-384" => Digest(new Sha3Digest(384), bytes),
        "sha3-512" => Digest(new Sha3Digest(512), bytes),
        _ => null,
    };

    /// <summary>The platform has no SHA-224, and SHA-3 not everywhere.</summary>
    private static byte[] Digest(IDigest digest, ReadOnlySpan<byte> bytes)
    {
        digest.BlockUpdate(bytes);
        var sum = new byte[digest.GetDigestSize()];
        digest.DoFinal(sum);
        return sum;
    }

    private static Fault? FormatFault(string format) => format is "hex" or "base64"
        ? null
        : Fault.Invalid($"unsupported encoding format \"{format}\"; must be \"hex\" or \"base64\"");

    private static Response Answer(string name, ReadOnlySpan<byte> bytes, string format)
    {
        using var text = SecretBuffer.Rent(Math.Max(bytes.Length * 2, Base64.GetMaxEncodedToUtf8Length(bytes.Length)));
        int length;
        if (format == "hex") Convert.TryToHexStringLower(bytes, text.Span, out length);
        else Base64.EncodeToUtf8(bytes, text.Span, out _, out length);
        text.Truncate(length);
        return Response.Json(json => json.WriteString(name, text.Span));
    }
}
