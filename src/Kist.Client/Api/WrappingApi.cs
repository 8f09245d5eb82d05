using System.Text.Json;
using Kist.Client.Http;
using Kist.Secrets;

namespace Kist.Client.Api;

/// <summary>Answers in single-use tokens: <c>sys/wrapping</c>. To have any request's answer wrapped, see
/// <see cref="KistClient.WriteAsync"/>.</summary>
public sealed class WrappingApi
{
    private readonly KistClient _client;

    internal WrappingApi(KistClient client) => _client = client;

    /// <summary>Puts an object behind a single-use token that lives so long. Dispose it.</summary>
    public async Task<WrappedAnswer> WrapAsync(
        Action<Utf8JsonWriter> body, TimeSpan duration, CancellationToken ct = default)
    {
        using var answer = await _client.WriteAsync("sys/wrapping/wrap", body, duration, ct);
        return answer.Wrapped ?? throw new KistException(KistFailure.Server, "the answer is not wrapped");
    }

    /// <summary>Opens it, once: the answer that was wrapped. Dispose it.</summary>
    public async Task<KistResponse> UnwrapAsync(SecretBytes token, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(token);
        using var bytes = KistClient.Json(json => token.Use(json, static (secret, to) =>
        {
            to.WriteString("token", secret);
            return true;
        }));
        return await _client.SendAsync(
            new ApiRequest(HttpMethod.Post, "sys/wrapping/unwrap", bytes.WrittenMemory), ct);
    }
}
