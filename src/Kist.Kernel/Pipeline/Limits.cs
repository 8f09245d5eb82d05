using System.Text;
using System.Text.Json;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// Every limit on what a client may send, in one place, checked before anything is parsed into objects: bytes, depth,
/// number of values, strict UTF-8, no duplicate keys.
/// </summary>
public static class Limits
{
    /// <summary>The largest body in bytes (Vault's <c>max_request_size</c> default is 32 MiB).</summary>
    public const int MaxBodyBytes = 33_554_432;

    /// <summary>The largest body without a valid token.</summary>
    public const int MaxOpenBodyBytes = 1_048_576;

    /// <summary>How deeply JSON may nest.</summary>
    public const int MaxJsonDepth = 64;

    /// <summary>How many values, keys included, a body may have.</summary>
    public const int MaxJsonTokens = 200_000;

    /// <summary>The longest run of digits taken as a number.</summary>
    public const int MaxNumberBytes = 512;

    /// <summary>How long the client may ask a wrapping token to live; more than any lease, as in Vault, but ten years
    /// are a slip of the pen.</summary>
    public static readonly TimeSpan MaxWrapTtl = TimeSpan.FromDays(3650);

    /// <summary>
    /// Checks that <paramref name="body"/> is one JSON object within the limits. Null when it is; otherwise a fault
    /// that names the position and the key, never a value. Needs memory for the open objects' keys only.
    /// </summary>
    public static Fault? CheckJson(ReadOnlySpan<byte> body)
    {
        try
        {
            return Walk(body);
        }
        catch (JsonException e)
        {
            return Fault.Invalid(
                $"error parsing JSON at line {(e.LineNumber ?? 0) + 1}, byte {e.BytePositionInLine ?? 0}");
        }
        catch (InvalidOperationException)
        {
            return Fault.Invalid("error parsing JSON: a string is not valid UTF-8");
        }
    }

    private static Fault? Walk(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxJsonDepth });
        var tokens = 0;
        List<HashSet<string>>? open = null;
        var depth = -1;
        while (reader.Read())
        {
            if (++tokens > MaxJsonTokens)
                return new Fault(FaultKind.TooLarge, $"error parsing JSON: more than {MaxJsonTokens} values");
            if (tokens == 1 && reader.TokenType is not JsonTokenType.StartObject)
                return Fault.Invalid("error parsing JSON: the body must be an object");
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    open ??= [];
                    if (++depth == open.Count) open.Add([]);
                    break;
                case JsonTokenType.EndObject:
                    open![depth--].Clear();
                    break;
                case JsonTokenType.PropertyName when !open![depth].Add(reader.GetString()!):
                    return Fault.Invalid($"error parsing JSON: the key \"{Shown(reader.GetString()!)}\" appears twice");
                case JsonTokenType.String when reader.ValueIsEscaped && !IsText(ref reader):
                    return Fault.Invalid($"error parsing JSON: not a valid string at byte {reader.TokenStartIndex}");
                case JsonTokenType.String when !reader.ValueIsEscaped && !IsUtf8(reader.ValueSpan):
                    return Fault.Invalid($"error parsing JSON: not valid UTF-8 at byte {reader.TokenStartIndex}");
                case JsonTokenType.Number when reader.ValueSpan.Length > MaxNumberBytes:
                    return Fault.Invalid(
                        $"error parsing JSON: the number at byte {reader.TokenStartIndex} is too long");
            }
        }
        return null;
    }

    private static bool IsUtf8(ReadOnlySpan<byte> bytes) => System.Text.Unicode.Utf8.IsValid(bytes);

    /// <summary>An escaped string may hold half a surrogate pair, which is no text.</summary>
    private static bool IsText(ref Utf8JsonReader reader)
    {
        try
        {
            var bytes = System.Buffers.ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
            try
            {
                reader.CopyString(bytes);
                return true;
            }
            finally
            {
                System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
                System.Buffers.ArrayPool<byte>.Shared.Return(bytes);
            }
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>A key may be named in an error, cut short and without control characters.</summary>
    private static string Shown(string key)
    {
        var text = new StringBuilder();
        foreach (var c in key.AsSpan(0, Math.Min(key.Length, 64))) text.Append(char.IsControl(c) ? '?' : c);
        return text.ToString();
    }
}
