using System.Text.Json;
using Kist.Secrets;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// What a handler answers. <see cref="Data"/> is one UTF-8 JSON object: it is audited, wrapped and sent as the same
/// bytes. Disposing zeroes it; the front does that after sending.
/// </summary>
public sealed class Response : IDisposable
{
    [ThreadStatic]
    private static Utf8JsonWriter? t_json;

    private SecretWriter? _data;

    /// <summary>The answer's fields as one JSON object; empty when it has none.</summary>
    public ReadOnlyMemory<byte> Data => _data is null ? default : _data.WrittenMemory;

    /// <summary>
    /// The revision of the entry that <see cref="Data"/> is made of, where the same path always gives the same data
    /// until that entry is written again: it depends on no field of the request, no clock and nobody's rights. 0:
    /// unknown. What is derived from such an answer may be kept.
    /// </summary>
    public long MadeOf { get; init; }

    /// <summary>Whether there are fields.</summary>
    public bool HasData => _data is not null;

    /// <summary>A lease that the kernel registers before the answer leaves.</summary>
    public Leases.LeaseGrant? Lease { get; init; }

    /// <summary>A login's request for a token: the kernel creates it before the answer leaves.</summary>
    public Tokens.TokenGrant? Login { get; init; }

    /// <summary>A token that was created or renewed: the <c>auth</c> part of the answer.</summary>
    public Tokens.IssuedToken? Token { get; set; }

    /// <summary>Set by the pipeline when the answer was put into a wrapping token instead.</summary>
    public Wrapping.WrapInfo? Wrap { get; set; }

    /// <summary>Notes for the person behind the client; null when there are none.</summary>
    public List<string>? Warnings { get; set; }

    /// <summary>Why there is no answer.</summary>
    public Fault? Fault { get; init; }

    /// <summary>A lease duration that is shown although nothing is leased (KV v1's <c>refresh_interval</c>).</summary>
    public TimeSpan? ShownLeaseDuration { get; init; }

    /// <summary>Whether <see cref="ShownLeaseDuration"/> is shown as renewable.</summary>
    public bool ShownRenewable { get; init; }

    /// <summary>The id of a lease that is shown although this answer does not make it (a renewal).</summary>
    public string? ShownLeaseId { get; init; }

    /// <summary>A status other than the front's usual one for this answer.</summary>
    public int? Status { get; init; }

    /// <summary>A content type other than JSON: then <see cref="Data"/> is the whole body as it stands.</summary>
    public string? ContentType
    {
        get => Raw?.ContentType;
        init => Raw = new RawBody(value!);
    }

    /// <summary>
    /// A body that is not the usual JSON; null: it is. One field, because every answer pays for each.
    /// </summary>
    public RawBody? Raw { get; init; }

    /// <summary>Headers beyond the usual ones; null when there are none.</summary>
    public List<KeyValuePair<string, string>>? Headers { get; set; }

    /// <summary>
    /// What is to happen once the audit has the answer and before it is sent: sealing, which would otherwise wait for
    /// the request that asks for it. Does not run when the request failed.
    /// </summary>
    public Func<ValueTask>? Afterwards { get; init; }

    /// <summary>No fields: 204 after a write, 404 after a read.</summary>
    public static Response None { get; } = new();

    /// <summary>An answer over a finished writer, which it takes over.</summary>
    public static Response Of(SecretWriter data, long madeOf = 0) => new() { _data = data, MadeOf = madeOf };

    /// <summary>An answer whose fields <paramref name="write"/> writes inside one JSON object.</summary>
    public static Response Json(Action<Utf8JsonWriter> write) => new Response().WithJson(write);

    /// <summary>Fills this (still empty) answer with the fields that <paramref name="write"/> writes.</summary>
    public Response WithJson(Action<Utf8JsonWriter> write)
    {
        var data = new SecretWriter();
        WriteJson(data, write, static (json, write) =>
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        });
        return With(data);
    }

    /// <summary>
    /// Appends the JSON that <paramref name="write"/> writes from <paramref name="state"/>. The writer is kept for the
    /// next one, because it is larger than most answers.
    /// </summary>
    public static void WriteJson<T>(SecretWriter to, T state, Action<Utf8JsonWriter, T> write)
    {
        var json = t_json ?? new Utf8JsonWriter(to, JsonOptions);
        // Taken away meanwhile: an answer may be made of others.
        t_json = null;
        json.Reset(to);
        write(json, state);
        json.Flush();
        t_json = json;
    }

    /// <summary>Fills this (still empty) answer with finished JSON, which it takes over.</summary>
    public Response With(SecretWriter data)
    {
        if (ReferenceEquals(this, None)) throw new InvalidOperationException("Response.None is shared and stays empty");
        _data = data;
        return this;
    }

    /// <summary>The same answer with one more warning.</summary>
    public Response Warn(string warning)
    {
        if (ReferenceEquals(this, None)) return new Response { Warnings = [warning] };
        (Warnings ??= []).Add(warning);
        return this;
    }

    /// <summary>A refusal.</summary>
    public static implicit operator Response(Fault fault) => new() { Fault = fault };

    /// <summary>
    /// How JSON is written everywhere: as Vault's encoder does, without escaping beyond what JSON needs.
    /// </summary>
    public static JsonWriterOptions JsonOptions { get; } = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _data?.Dispose();
        Raw?.Place?.Dispose();
        if (!ReferenceEquals(this, None)) _data = null;
    }
}

/// <summary>A body in a form of its own.</summary>
/// <param name="ContentType">Its type; with neither of the others <see cref="Response.Data"/> is it.</param>
public sealed record RawBody(string ContentType)
{
    /// <summary>
    /// Writes the whole body after the audit has the answer: for what does not fit into memory. Failing, it breaks the
    /// connection, because the status has left already.
    /// </summary>
    public Func<Stream, CancellationToken, ValueTask>? Download { get; init; }

    /// <summary>
    /// Messages that are sent one by one as they come, after the audit has the answer, until there are no more or the
    /// client goes: a subscription.
    /// </summary>
    public IAsyncEnumerable<Events.EventMessage>? Messages { get; init; }

    /// <summary>What the messages hold on to, freed with the answer.</summary>
    public IDisposable? Place { get; init; }
}
