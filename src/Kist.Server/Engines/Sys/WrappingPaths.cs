using System.Text;
using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;
using Kist.Secrets;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/wrapping</c>: puts answers into single-use tokens and takes them out again.</summary>
internal sealed class WrappingPaths
{
    private static readonly Field<string> Token =
        Fields.Text("token", "The wrapping token; without it the caller's own token is meant.");

    private static readonly Fault NotValid = Fault.Invalid("wrapping token is not valid or does not exist");

    private readonly Unsealed _kernel;

    public WrappingPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Update, "wrapping/wrap", WrapAsync, "Wraps what is sent"),
            new(Operation.Update, "wrapping/unwrap", UnwrapAsync, "Takes out what is wrapped", Token) { Gate =
                CheckAsync },
            new(Operation.Read, "wrapping/unwrap", UnwrapAsync, "Takes out what is wrapped", Token)
                { Gate = CheckAsync, HasEffects = true },
            new(Operation.Update, "wrapping/rewrap", RewrapAsync, "Moves what is wrapped into a new wrapping token",
                Token)
                { Gate = CheckAsync, NeverWrapped = true },
            new(Operation.Update, "wrapping/lookup", LookupAsync, "Tells what a wrapping token was made for", Token)
                { Gate = CheckAsync, Access = Access.Open },
            new(Operation.Read, "wrapping/lookup", LookupAsync, "Tells what a wrapping token was made for", Token)
                { Gate = CheckAsync, Access = Access.Open },
            new(Operation.Read, "wrapping/pubkey", PublicKeyAsync, "Reads the key that signs wrapping tokens")
                { Access = Access.Open },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>
    /// Before authentication: the token that is meant, in the body or the caller's own, must be a live wrapping token.
    /// A caller whose token was used up by someone else learns it here.
    /// </summary>
    private async ValueTask<Fault?> CheckAsync(Request request, CancellationToken ct)
    {
        if (!TrySentToken(request, out var sent, out var error))
            return Fault.Invalid($"error validating wrapping token: {error}");
        var text = sent ?? request.Token;
        if (string.IsNullOrEmpty(text)) return Fault.Invalid("error validating wrapping token: token is empty");
        return await _kernel.Wrapping.FindAsync(TokenTextOf(text), ct) is null ? NotValid : null;
    }

    private static bool TrySentToken(Request request, out string? token, out string? error)
    {
        (token, error) = (null, null);
        if (request.Body.IsEmpty) return true;
        var reader = new Utf8JsonReader(request.Body.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isToken = reader.ValueTextEquals("token"u8);
            reader.Read();
            if (isToken && reader.TokenType is not JsonTokenType.Null)
            {
                if (reader.TokenType is JsonTokenType.String) token = reader.GetString();
                error = token switch
                {
                    null => "could not decode token in request body",
                    "" => "empty token in request body",
                    _ => null,
                };
                return error is null;
            }
            reader.Skip();
        }
        return true;
    }

    private string TokenTextOf(string text) => _kernel.Wrapping.TokenOf(text) ?? text;

    /// <summary>The wrapping token's entry, and whether the pipeline has counted its use because it is the caller's
    /// own.</summary>
    private async ValueTask<(TokenEntry? Entry, bool IsUsed)> EntryOfAsync(Call call)
    {
        if (call.Get(Token).Length == 0) return (call.Caller.Entry, true);
        var text = TokenTextOf(call.Get(Token));
        if (call.Caller.Entry is { } own && own.Hash == _kernel.Tokens.HashOf(text).ToString()) return (own, true);
        return (await _kernel.Wrapping.FindAsync(text, call.Aborted), false);
    }

    private static ValueTask<Response> WrapAsync(Call call)
    {
        if (call.Request.WrapTtl is null) return new(Fault.Invalid("endpoint requires response wrapping to be used"));
        var data = new SecretWriter();
        var body = call.Request.Body.Span.Trim(" \t\r\n"u8);
        data.Write(body.IsEmpty ? "{}"u8 : body);
        return new(Response.Of(data));
    }

    private async ValueTask<Response> UnwrapAsync(Call call)
    {
        var (entry, isUsed) = await EntryOfAsync(call);
        if (entry is null || await _kernel.Wrapping.TakeAsync(entry, isUsed, CancellationToken.None) is not { } answer)
            return NotValid;
        using (answer)
        {
            var data = new SecretWriter(answer.Length + 1);
            data.Write(answer.Span);
            data.Write("\n"u8);
            return new Response { ContentType = "application/json" }.With(data);
        }
    }

    private async ValueTask<Response> RewrapAsync(Call call)
    {
        var (entry, isUsed) = await EntryOfAsync(call);
        if (entry is null || await _kernel.Wrapping.InfoAsync(entry, call.Aborted) is not { } info) return NotValid;
        if (await _kernel.Wrapping.TakeAsync(entry, isUsed, CancellationToken.None) is not { } answer) return NotValid;
        using (answer)
            return await _kernel.Wrapping.WrapAsync(answer.Memory, info.CreationPath,
                TimeSpan.FromSeconds(info.CreationTtl),
                call.Request.WrapFormat, AccessorIn(answer.Span), CancellationToken.None);
    }

    private async ValueTask<Response> LookupAsync(Call call)
    {
        var text = call.Get(Token) is { Length: > 0 } sent ? sent : call.Request.Token ?? "";
        if (await _kernel.Wrapping.FindAsync(TokenTextOf(text), call.Aborted) is not { } entry) return NotValid;
        if (await _kernel.Wrapping.InfoAsync(entry, call.Aborted) is not { } info) return NotValid;
        return Response.Json(json =>
        {
            json.WriteString("creation_path", info.CreationPath);
            json.WriteString("creation_time", GoTime.Format(info.CreationTime));
            json.WriteNumber("creation_ttl", info.CreationTtl);
        });
    }

    private ValueTask<Response> PublicKeyAsync(Call call)
    {
        var (x, y) = _kernel.Wrapping.PublicKey;
        return new(Response.Json(json =>
        {
            json.WriteString("jwt_x", x);
            json.WriteString("jwt_y", y);
            json.WriteString("jwt_curve", "P-521");
        }));
    }

    /// <summary>The accessor of the token that a wrapped answer holds; null when it holds none.</summary>
    private static string? AccessorIn(ReadOnlySpan<byte> answer)
    {
        var reader = new Utf8JsonReader(answer);
        while (reader.Read())
        {
            if (reader.TokenType is not JsonTokenType.PropertyName) continue;
            if (reader.CurrentDepth == 1 && !reader.ValueTextEquals("auth"u8)) reader.Skip();
            else if (reader.CurrentDepth == 2 && reader.ValueTextEquals("accessor"u8) && reader.Read())
                return reader.GetString() is { Length: > 0 } accessor ? accessor : null;
        }
        return null;
    }
}
