using System.Diagnostics;
using System.Text;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>Makes a value from a secret's bytes, which must not leave the call.</summary>
public delegate T SecretParser<out T>(ReadOnlySpan<byte> secret);

/// <summary>
/// A secret that an application reads as a <typeparamref name="T"/>: text, a key, a credential. What is kept is a
/// <see cref="SecretBytes"/>; the value is made anew each time it is revealed, and is the caller's from then on.
/// </summary>
[JsonConverter(typeof(RedactedSecretJson))]
[DebuggerDisplay("[REDACTED]")]
[DebuggerTypeProxy(typeof(RedactedView))]
public sealed class Secret<T> : IDisposable
{
    private readonly SecretBytes _bytes;
    private readonly SecretParser<T> _parser;

    /// <summary>A secret over <paramref name="bytes"/>, which it takes over and disposes.</summary>
    public Secret(SecretBytes bytes, SecretParser<T> parser)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(parser);
        (_bytes, _parser) = (bytes, parser);
    }

    /// <summary>
    /// The value. Say it only where it is used: not in a log call, an exception or a string that lives on. Throws
    /// <see cref="ObjectDisposedException"/> after disposal.
    /// </summary>
    public T Reveal() => _bytes.Use(_parser, static (secret, parser) => parser(secret));

    /// <summary>Equality of the bytes, in time that depends on the lengths only.</summary>
    public bool FixedTimeEquals(Secret<T> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _bytes.FixedTimeEquals(other._bytes);
    }

    /// <summary>Equality with bytes (of text: its UTF-8), in time that depends on the lengths only.</summary>
    public bool FixedTimeEquals(ReadOnlySpan<byte> other) => _bytes.FixedTimeEquals(other);

    /// <inheritdoc/>
    public override string ToString() => RedactedView.Mask;

    /// <summary>Zeroes the bytes. Safe to call twice.</summary>
    public void Dispose() => _bytes.Dispose();
}

/// <summary>Makes secrets of the usual kinds.</summary>
public static class Secret
{
    /// <summary>A secret text, copied as UTF-8.</summary>
    public static Secret<string> OfText(ReadOnlySpan<char> text) => OfText(SecretBytes.FromText(text));

    /// <summary>A secret text over UTF-8 bytes, which it takes over.</summary>
    public static Secret<string> OfText(SecretBytes utf8) =>
        new(utf8, static secret => Encoding.UTF8.GetString(secret));

    /// <summary>A secret key over bytes, which are copied. What is revealed is a new array for the caller to zero.
    /// </summary>
    public static Secret<byte[]> OfBytes(ReadOnlySpan<byte> bytes) =>
        new(SecretBytes.Copy(bytes), static secret => secret.ToArray());
}
