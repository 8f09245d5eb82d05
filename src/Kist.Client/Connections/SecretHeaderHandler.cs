using System.Net;

namespace Kist.Client.Connections;

/// <summary>
/// Puts a secret into a header of each request: <c>Authorization: Bearer …</c> unless said otherwise. A request that is
/// refused (401) is sent again with what the store has then, for as long as <see cref="LiveSecret.Patience"/> allows;
/// its body is kept in memory for that, and one of more than 1 MiB is sent once.
/// </summary>
public sealed class SecretHeaderHandler : DelegatingHandler
{
    private const long MostToKeep = 1 << 20;
    private readonly LiveSecret _secret;
    private readonly string _header;
    private readonly string? _scheme;

    /// <summary>For an <see cref="HttpClient"/>: <c>AddHttpMessageHandler(() => new SecretHeaderHandler(live))</c>.
    /// </summary>
    /// <param name="secret">What to send.</param>
    /// <param name="header">In which header.</param>
    /// <param name="scheme">A word before it; null: none.</param>
    public SecretHeaderHandler(LiveSecret secret, string header = "Authorization", string? scheme = "Bearer")
    {
        ArgumentNullException.ThrowIfNull(secret);
        (_secret, _header, _scheme) = (secret, header, scheme);
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var mayRepeat = await KeepAsync(request.Content, cancellationToken);
        HttpResponseMessage? refused = null;
        try
        {
            return await _secret.TryAsync(async ct =>
            {
                var value = await _secret.RevealAsync(ct);
                request.Headers.Remove(_header);
                request.Headers.TryAddWithoutValidation(_header, _scheme is null ? value : $"{_scheme} {value}");
                var answer = await base.SendAsync(request, ct);
                if (answer.StatusCode != HttpStatusCode.Unauthorized || !mayRepeat) return answer;
                refused?.Dispose();
                refused = answer;
                throw new RefusedAnswer();
            }, static e => e is RefusedAnswer, cancellationToken);
        }
        catch (RefusedAnswer)
        {
            return refused!;
        }
    }

    private static async Task<bool> KeepAsync(HttpContent? content, CancellationToken ct)
    {
        if (content is null) return true;
        if (content.Headers.ContentLength is not { } length || length > MostToKeep) return false;
        await content.LoadIntoBufferAsync(MostToKeep, ct);
        return true;
    }

    /// <summary>Carries a 401 out of an attempt.</summary>
    private sealed class RefusedAnswer : Exception;
}
