using System.Text.Json;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.Client;

/// <summary>
/// What came back: a status and a JSON body, or a <see cref="Problem"/>. The body is zeroed on disposal, so
/// nothing taken from it may be used afterwards.
/// </summary>
internal sealed class Answer : IDisposable
{
    private readonly SecretWriter? _body;
    private readonly JsonDocument? _document;

    private Answer(int status, SecretWriter? body, JsonDocument? document, Problem? problem)
    {
        Status = status;
        _body = body;
        _document = document;
        Problem = problem;
    }

    /// <summary>The HTTP status; 0 when no answer came.</summary>
    public int Status { get; }

    /// <summary>Why this answer is none; null on 2xx.</summary>
    public Problem? Problem { get; }

    /// <summary>The whole body; undefined when there was none.</summary>
    public JsonElement Root => _document?.RootElement ?? default;

    /// <summary>
    /// What the caller asked for: <c>data</c>, else <c>auth</c>, else <c>wrap_info</c>, else the whole body
    /// (some system answers have no envelope).
    /// </summary>
    public JsonElement Data
    {
        get
        {
            foreach (var name in (ReadOnlySpan<string>)["wrap_info", "auth", "data"])
                if (Root.Member(name) is { ValueKind: JsonValueKind.Object or JsonValueKind.Array } part) return part;
            return Root;
        }
    }

    /// <summary>All went well, and there is nothing more to say.</summary>
    public static Answer Nothing => new(204, null, null, null);

    /// <summary>An answer that never came.</summary>
    public static Answer None(Problem problem) => new(0, null, null, problem);

    /// <summary>Takes over <paramref name="body"/> and parses it; <paramref name="explain"/> words a refusal.</summary>
    public static Answer Of(int status, SecretWriter body, Func<int, JsonElement, Problem> explain)
    {
        JsonDocument? document = null;
        if (body.WrittenCount > 0)
        {
            try
            {
                document = JsonDocument.Parse(body.WrittenMemory);
            }
            catch (JsonException) when (status >= 400 && status is not (404 or 405 or 501))
            {
                // A proxy's HTML page or the like: the status alone says enough.
            }
            catch (JsonException)
            {
                return new Answer(status, body, null, new Problem("the answer is not JSON: is this a Kist server?",
                    "check the address (KIST_ADDR, --address)", Problem.Remote));
            }
        }
        var problem = status is >= 200 and < 300 ? null : explain(status, document?.RootElement ?? default);
        return new Answer(status, body, document, problem);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _document?.Dispose();
        _body?.Dispose();
    }
}
