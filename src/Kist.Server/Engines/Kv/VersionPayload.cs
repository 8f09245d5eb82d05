using System.Globalization;
using Kist.Kernel.Barrier;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// The record of an older version's payload: a byte for the format (1) and the payload. It lies under the secret's
/// id, so that a secret made anew at the same path never meets the payloads of its predecessor.
/// </summary>
internal static class VersionPayload
{
    private const byte Format = 1;

    /// <summary>The key, relative to the folder of older payloads.</summary>
    public static string Key(Guid secret, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{secret:N}/{number:x16}");

    /// <summary>The payload inside a record.</summary>
    public static ReadOnlyMemory<byte> Open(ReadOnlyMemory<byte> record) =>
        record.Length > 0 && record.Span[0] == Format
            ? record[1..]
            : throw new MalformedRecordException("older payload");

    /// <summary>The record around a payload.</summary>
    public static SecretBuffer Seal(ReadOnlySpan<byte> payload)
    {
        var record = SecretBuffer.Rent(payload.Length + 1);
        record.Span[0] = Format;
        payload.CopyTo(record.Span[1..]);
        return record;
    }
}
