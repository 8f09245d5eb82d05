using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// A path in the one form that policies, mounts, audit and storage all see: no leading slash, no empty, <c>.</c> or
/// <c>..</c> segment, no control character, no invisible or look-alike blank, no backslash. It can only be made by
/// <see cref="TryCreate"/> and <see cref="TryDecode"/>, so nothing behind the edge ever normalises a name again.
/// </summary>
public readonly record struct RequestPath
{
    /// <summary>The longest path, in UTF-16 units.</summary>
    public const int MaxLength = 1024;

    private readonly string? _value;

    private RequestPath(string value) => _value = value;

    /// <summary>The path, for example <c>secret/data/prod/database</c>; a trailing slash means a folder.</summary>
    public string Value => _value ?? "";

    /// <summary>
    /// Accepts a path that is already decoded, or says in <paramref name="error"/> what is wrong with it.
    /// </summary>
    public static bool TryCreate(string path, out RequestPath result, out string? error)
    {
        result = default;
        error = Check(path);
        if (error is not null) return false;
        result = new RequestPath(path);
        return true;
    }

    /// <summary>
    /// Decodes the percent-encoding of a request target once (RFC 3986), as strict UTF-8, and accepts the outcome.
    /// An encoded slash, backslash or percent sign is refused: the same name must mean the same thing to every part.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<char> target, out RequestPath result, out string? error)
    {
        result = default;
        error = null;
        if (target.IndexOf('%') < 0 && Ascii.IsValid(target)) return TryCreate(
            target.ToString(), out result, out error);
        if (target.Length > MaxLength * 9)
        {
            error = "path is too long";
            return false;
        }
        var bytes = ArrayPool<byte>.Shared.Rent(target.Length * 3);
        try
        {
            if (!TryPercentDecode(target, bytes, out var length, out error)) return false;
            return TryCreate(StrictUtf8.GetString(bytes, 0, length), out result, out error);
        }
        catch (DecoderFallbackException)
        {
            error = "path is not valid UTF-8";
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>The same path with a slash at its end, as lists have it.</summary>
    public RequestPath AsFolder() => Value.Length == 0 || Value.EndsWith('/') ? this : new RequestPath(Value + "/");

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private static bool TryPercentDecode(ReadOnlySpan<char> target, byte[] bytes, out int length, out string? error)
    {
        length = 0;
        error = null;
        for (var i = 0; i < target.Length; i++)
        {
            var c = target[i];
            if (c != '%')
            {
                length += Encoding.UTF8.GetBytes(target.Slice(i, 1), bytes.AsSpan(length));
                continue;
            }
            if (i + 2 >= target.Length
                || !byte.TryParse(target.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, null, out var b))
            {
                error = "path has a malformed percent-encoding";
                return false;
            }
            if (b is (byte)'/' or (byte)'\\' or (byte)'%')
            {
                error = "path has an encoded slash, backslash or percent sign";
                return false;
            }
            bytes[length++] = b;
            i += 2;
        }
        return true;
    }

    private static string? Check(string path)
    {
        if (path.Length > MaxLength) return "path is too long";
        var start = 0;
        for (var i = 0; i <= path.Length; i++)
        {
            if (i < path.Length && path[i] != '/')
            {
                if (IsForbidden(path, i)) return "path has a control, invisible or otherwise forbidden character";
                continue;
            }
            var segment = path.AsSpan(start, i - start);
            if (segment.IsEmpty && i < path.Length) return "path has an empty segment";
            // Vault refuses ".." anywhere in a name, so a client never finds it stored.
            if (segment is "." || segment.Contains("..", StringComparison.Ordinal) || segment.StartsWith(".;"))
                return "path has a relative segment";
            if (segment.Length > 0 && (segment[0] == ' ' || segment[^1] == ' '))
                return "path has a segment that starts or ends with a blank";
            start = i + 1;
        }
        return null;
    }

    private static bool IsForbidden(string path, int index)
    {
        var c = path[index];
        if (c is >= '!' and <= '~') return c == '\\';
        if (c == ' ') return false;
        if (char.IsSurrogate(c))
            return !(char.IsHighSurrogate(c) && index + 1 < path.Length && char.IsLowSurrogate(path[index + 1]))
                && !(char.IsLowSurrogate(c) && index > 0 && char.IsHighSurrogate(path[index - 1]));
        return char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse;
    }
}
