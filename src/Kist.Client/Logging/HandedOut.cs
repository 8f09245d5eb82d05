using System.Security.Cryptography;
using System.Text;
using Kist.Secrets;

namespace Kist.Client.Logging;

/// <summary>
/// The values that this process was given, so that its logs can be cleared of them. Kept as long as the process lives:
/// a value that was replaced may still be printed.
/// </summary>
internal sealed class HandedOut : IDisposable
{
    /// <summary>More values than this are masked as they are only, and not in base64 and the like.</summary>
    private const int MostInAllForms = 500;

    /// <summary>Beyond this the oldest are forgotten.</summary>
    private const int Most = 100_000;

    private readonly Lock _gate = new();
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly Queue<(string Name, SecretBytes Value)> _values = [];
    private SecretPatterns? _patterns;

    /// <summary>Of the whole process: a log does not know which client a value came by.</summary>
    public static HandedOut Shared { get; } = new();

    /// <summary>Remembers a value; those that are too short to be masked are not.</summary>
    public void Add(SecretBytes value)
    {
        if (value.Length < Redactor.MinLength) return;
        // Not the value itself: a set of them could be found in memory.
        var name = value.Use(_key, static (secret, key) => Convert.ToHexString(HMACSHA256.HashData(key, secret)));
        lock (_gate)
        {
            if (!_known.Add(name)) return;
            _values.Enqueue((name, SecretBytes.Copy(value.RevealBytes())));
            _patterns = null;
            if (_values.Count <= Most) return;
            var (oldest, gone) = _values.Dequeue();
            _known.Remove(oldest);
            gone.Dispose();
        }
    }

    /// <summary>Whether a value stands in the text, in any of its forms.</summary>
    public bool IsIn(string text)
    {
        if (text.Length < Redactor.MinLength || Patterns() is not { } patterns) return false;
        using var bytes = Utf8(text);
        return patterns.AreIn(bytes.Span);
    }

    /// <summary>The text with the values replaced; the same object if there are none in it.</summary>
    public string Mask(string text)
    {
        if (text.Length < Redactor.MinLength || Patterns() is not { } patterns) return text;
        using var bytes = Utf8(text);
        if (!patterns.AreIn(bytes.Span)) return text;
        using var redactor = new Redactor(patterns);
        using var masked = new SecretWriter(bytes.Length + 64);
        redactor.Write(bytes.Span, masked);
        redactor.Flush(masked);
        return Encoding.UTF8.GetString(masked.WrittenSpan);
    }

    /// <summary>Zeroes everything.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            while (_values.TryDequeue(out var value)) value.Value.Dispose();
            _known.Clear();
            _patterns = null;
        }
    }

    private static SecretBuffer Utf8(string text)
    {
        var bytes = SecretBuffer.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        bytes.Truncate(Encoding.UTF8.GetBytes(text, bytes.Span));
        return bytes;
    }

    /// <summary>Built when a log needs it, not for each value of thousands. The one before is left to the collector:
    /// others may be reading it.</summary>
    private SecretPatterns? Patterns()
    {
        lock (_gate)
        {
            if (_patterns is not null || _values.Count == 0) return _patterns;
            var values = _values.Select(v => v.Value.RevealBytes()).ToList();
            try
            {
                return _patterns = new SecretPatterns(
                    values.Select(v => (ReadOnlyMemory<byte>)v), asTheyAre: values.Count > MostInAllForms);
            }
            finally
            {
                foreach (var value in values) CryptographicOperations.ZeroMemory(value);
            }
        }
    }
}
