using Kist.Secrets;

namespace Kist.Client.Logins;

/// <summary>A token that is there already: given, or in a file that somebody else keeps fresh (an agent, <c>kist
/// login</c>) and that is read again when it changes.</summary>
public sealed class TokenLogin : ILogin
{
    private const int MostBytes = 8192;
    private readonly SecretBytes? _given;
    private readonly string? _file;
    private DateTime _readAt;
    private bool _wasGiven;

    private TokenLogin(SecretBytes? given, string? file) => (_given, _file) = (given, file);

    /// <inheritdoc/>
    public string Name => _file is null ? "the given token" : $"the token file {_file}";

    /// <inheritdoc/>
    public bool HasAnother => _file is not null && File.GetLastWriteTimeUtc(_file) != _readAt;

    /// <summary>This token. White space around it does not count.</summary>
    public static TokenLogin Of(ReadOnlySpan<char> token) => Of(SecretBytes.FromText(token.Trim()));

    /// <summary>This token, which it takes over.</summary>
    public static TokenLogin Of(SecretBytes token) => new(token, null);

    /// <summary>The token in this file, alone on its first line.</summary>
    public static TokenLogin FromFile(string path) => new(null, path);

    /// <inheritdoc/>
    public async Task<(SecretBytes Token, TimeSpan? Duration, bool IsRenewable)> LogInAsync(
        LoginExchange exchange, CancellationToken ct)
    {
        if (_file is not null) return (await ReadAsync(_file, ct), null, true);
        if (_wasGiven)
            throw new KistException(KistFailure.Denied, "the token is not valid any more, and there is no other login");
        _wasGiven = true;
        return (SecretBytes.Copy(_given!.RevealBytes()), null, true);
    }

    private async Task<SecretBytes> ReadAsync(string path, CancellationToken ct)
    {
        // The time first: a file that changes in between is read once more.
        var changed = File.GetLastWriteTimeUtc(path);
        using var bytes = SecretBuffer.Rent(MostBytes);
        try
        {
            await using var file = File.OpenRead(path);
            var buffer = new byte[MostBytes];
            var read = await file.ReadAtLeastAsync(buffer, MostBytes, throwOnEndOfStream: false, ct);
            buffer.AsSpan(0, read).CopyTo(bytes.Span);
            Array.Clear(buffer);
            bytes.Truncate(read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KistException(KistFailure.Settings, $"the token file {path} cannot be read", e);
        }
        var token = bytes.Span.Trim(" \t\r\n"u8);
        if (token.Length is 0 or MostBytes || token.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
            throw new KistException(KistFailure.Settings, $"the token file {path} does not hold a token");
        _readAt = changed;
        return SecretBytes.Copy(token);
    }
}
