using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;
using Kist.Kernel.Wrapping;
using Kist.Secrets;

namespace Kist.Server.Engines.Cubbyhole;

/// <summary>
/// A private place per token (Vault's API page "Cubbyhole secrets engine"): one folder per token, named by its keyed
/// hash, and no path of the API leads into another token's. It is removed with the token. A value is the JSON object
/// as it was written; the kernel puts a wrapped answer here too.
/// </summary>
public sealed class CubbyholeEngine : IEngine
{
    private static readonly Field<string> s_path = Fields.Text("path", "Location of the secret.");
    private static readonly Field<string> s_after = Fields.Text("after", "List only names after this one.");
    private static readonly Field<long> s_limit = Fields.Number("limit", "List at most so many names; 0: all.");

    private readonly EngineContext _context;

    /// <summary>The engine of the one mount there is.</summary>
    public CubbyholeEngine(EngineContext context)
    {
        _context = context;
        Routes =
        [
            new(Operation.Read, "{path...}", ReadAsync, "Reads the secret at a path.", s_path),
            new(Operation.List, "{path...}", ListAsync, "Lists the names in a folder.", s_path, s_after, s_limit),
            new(Operation.Update, "{path...}", WriteAsync, "Writes the secret at a path.", s_path)
                { Exists = ExistsAsync },
            new(Operation.Delete, "{path...}", DeleteAsync, "Deletes the secret at a path.", s_path),
        ];
    }

    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } =
        new("cubbyhole", false, context => new CubbyholeEngine(context)) { IsMountable = false };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; }

    private async ValueTask<bool> ExistsAsync(Probe probe)
    {
        if (FolderOf(probe.Caller) is not { } folder) return false;
        using var plain = await _context.Storage.GetAsync(folder + probe.Captures[0], probe.Aborted);
        return plain is not null;
    }

    private async ValueTask<Response> ReadAsync(Call call)
    {
        if (Find(call, needsName: true, out var key) is { } fault) return fault;
        using var plain = await _context.Storage.GetAsync(key, call.Aborted);
        if (plain is null) return Response.None;
        if (call.Caller.Entry!.Policies is [WrappingStore.PolicyName]) return Wrapped(plain.Span);
        var data = new SecretWriter(plain.Span.Length);
        data.Write(plain.Span);
        return Response.Of(data);
    }

    /// <summary>The wrapped answer as text, the way clients took it before there was
    /// <c>sys/wrapping/unwrap</c>.</summary>
    private static Response Wrapped(ReadOnlySpan<byte> answer)
    {
        var data = new SecretWriter((answer.Length * 2) + 32);
        using (var json = new Utf8JsonWriter(data, Response.JsonOptions))
        {
            json.WriteStartObject();
            json.WriteString("response"u8, answer);
            json.WriteEndObject();
        }
        return Response.Of(data).Warn("Reading from 'cubbyhole/response' is deprecated. "
            + "Use sys/wrapping/unwrap, which checks more, to unwrap answers.");
    }

    private async ValueTask<Response> ListAsync(Call call)
    {
        if (Find(call, needsName: false, out var key) is { } fault) return fault;
        var limit = (int)Math.Clamp(call.Get(s_limit), 0, int.MaxValue);
        var names = await _context.Storage.ListAsync(key, call.Get(s_after), limit, call.Aborted);
        return names.Count == 0 ? Response.None : Response.Json(json =>
        {
            json.WriteStartArray("keys");
            foreach (var name in names) json.WriteStringValue(name);
            json.WriteEndArray();
        });
    }

    private async ValueTask<Response> WriteAsync(Call call)
    {
        if (Find(call, needsName: true, out var key) is { } fault) return fault;
        if (!HasFields(call.Request.Body.Span)) return Fault.ListedInvalid("missing data fields");
        await _context.Storage.PutAsync(key, call.Request.Body, call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        if (Find(call, needsName: true, out var key) is { } fault) return fault;
        await _context.Storage.DeleteAsync(key, call.Aborted);
        return Response.None;
    }

    private static Fault? Find(Call call, bool needsName, out string key)
    {
        var path = call.Get(s_path);
        var folder = FolderOf(call.Caller);
        key = folder + path;
        if (folder is null)
            return Fault.Invalid("cubbyhole operations are only supported by \"service\" type tokens");
        return needsName && path.Length == 0 ? Fault.ListedInvalid("missing path") : null;
    }

    /// <summary>The token's folder; null for a batch token, which is not stored and so has nothing to hang one
    /// on.</summary>
    private static string? FolderOf(Caller caller) =>
        caller.Entry is { Type: TokenType.Service } entry ? entry.Hash + "/" : null;

    private static bool HasFields(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        try
        {
            return json.Read() && json.Read() && json.TokenType is JsonTokenType.PropertyName;
        }
        catch (JsonException)
        {
            return false; // Blank: the front has checked everything else.
        }
    }
}
