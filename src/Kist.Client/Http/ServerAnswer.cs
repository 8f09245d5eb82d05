using System.Net;
using System.Text.Json;
using Kist.Client.Logging;
using Kist.Secrets;

namespace Kist.Client.Http;

/// <summary>What an answer's status and body mean.</summary>
internal static class ServerAnswer
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether to ask again later: 412 (this node is behind), 429, 503, and other failures of the server when nothing
    /// can be done twice. <paramref name="asked"/> is the server's Retry-After.
    /// </summary>
    public static bool IsLater(HttpResponseMessage answer, ApiRequest request, out TimeSpan? asked)
    {
        var status = (int)answer.StatusCode;
        asked = answer.Headers.RetryAfter?.Delta is { } wait && wait < s_longestWait ? wait : null;
        return !request.Accepts(status)
            && (status is 412 or 429 or 503 || (status is >= 500 and not 501 && request.IsSafe));
    }

    /// <summary>Reads an accepted answer; throws <see cref="KistException"/> for any other.</summary>
    public static async Task<KistResponse> ReadAsync(
        HttpResponseMessage answer, ApiRequest request, int most, CancellationToken ct)
    {
        var status = (int)answer.StatusCode;
        if (!request.Accepts(status)) throw await FailureAsync(answer, request, most, ct);
        var body = await BodyAsync(answer, request, most, ct);
        try
        {
            return KistResponse.Parse(answer.StatusCode, body);
        }
        catch (JsonException)
        {
            body.Dispose();
            throw new KistException(KistFailure.Server, $"{request}: the answer is not JSON; is this a Kist server?")
            {
                Status = answer.StatusCode,
            };
        }
    }

    /// <summary>The failure that the answer is.</summary>
    public static async Task<KistException> FailureAsync(
        HttpResponseMessage answer, ApiRequest request, int most, CancellationToken ct)
    {
        using var body = await BodyAsync(answer, request, most, ct);
        var errors = Errors(body.WrittenMemory);
        var status = answer.StatusCode;
        var said = errors.Count > 0 ? string.Join("; ", errors) : Meaning(status);
        return new KistException(Kind(status), $"{request}: {(int)status}: {said}")
        {
            Status = status, Errors = errors,
        };
    }

    private static KistFailure Kind(HttpStatusCode status) => (int)status switch
    {
        401 or 403 => KistFailure.Denied,
        404 => KistFailure.NotFound,
        429 => KistFailure.Limited,
        412 => KistFailure.Server,
        503 => KistFailure.Sealed,
        >= 400 and < 500 => KistFailure.Invalid,
        _ => KistFailure.Server,
    };

    private static string Meaning(HttpStatusCode status) => (int)status switch
    {
        404 => "there is nothing of this name",
        403 => "permission denied",
        503 => "the server is sealed or not ready",
        _ => "the server gives no reason",
    };

    private static async Task<SecretWriter> BodyAsync(
        HttpResponseMessage answer, ApiRequest request, int most, CancellationToken ct)
    {
        var body = new SecretWriter(4096);
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(ct);
            while (await stream.ReadAsync(body.GetMemory(4096), ct) is > 0 and var read)
            {
                body.Advance(read);
                if (body.WrittenCount > most)
                    throw new KistException(
                        KistFailure.Server, $"{request}: the answer is larger than {most >> 20} MiB");
            }
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    // A server may quote what it was sent.
    private static List<string> Errors(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("errors", out var errors)
                && errors.ValueKind == JsonValueKind.Array
                ? [.. errors.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String)
                    .Select(e => HandedOut.Shared.Mask(e.GetString()!.Trim()))]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
