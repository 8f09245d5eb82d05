using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.Token;

/// <summary>Renewing and revoking tokens, and tidying their indexes.</summary>
internal sealed class TokenLifecycle(Unsealed kernel)
{
    private static readonly Field<string> Token = Fields.Text("token", "The token");
    private static readonly Field<string> Accessor = Fields.Text("accessor", "The token's accessor");
    private static readonly Field<TimeSpan> Increment = Fields.Duration("increment", "How long it shall live from now");

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "renew", RenewAsync, "Renews a token", Token, Increment),
        new(Operation.Update, "renew/{token}", RenewAsync, "Renews a token", Token, Increment),
        new(Operation.Update, "renew-self", RenewSelfAsync, "Renews the caller's token", Increment),
        new(Operation.Update, "renew-accessor", RenewAccessorAsync, "Renews a token by its accessor", Accessor,
            Increment),
        new(Operation.Update, "renew-accessor/{accessor}", RenewAccessorAsync, "Renews a token by its accessor",
            Accessor,
            Increment),
        new(Operation.Update, "revoke", RevokeAsync, "Revokes a token and its children", Token),
        new(Operation.Update, "revoke/{token}", RevokeAsync, "Revokes a token and its children", Token),
        new(Operation.Update, "revoke-self", RevokeSelfAsync, "Revokes the caller's token and its children"),
        new(Operation.Update, "revoke-accessor", RevokeAccessorAsync, "Revokes a token by its accessor", Accessor),
        new(Operation.Update, "revoke-accessor/{accessor}", RevokeAccessorAsync, "Revokes a token by its accessor",
            Accessor),
        new(Operation.Update, "revoke-orphan", RevokeOrphanAsync, "Revokes a token and makes its children orphans",
            Token),
        new(Operation.Update, "revoke-orphan/{token}", RevokeOrphanAsync,
            "Revokes a token and makes its children orphans",
            Token),
        new(Operation.Update, "tidy", TidyAsync, "Removes index entries of tokens that are gone"),
    ];

    private async ValueTask<Response> RenewAsync(Call call)
    {
        if (call.Get(Token).Length == 0) return Fault.Invalid("missing token ID");
        if (await kernel.Tokens.LookupAsync(call.Get(Token), call.Aborted) is not { } entry)
            return Fault.Invalid("token not found");
        return await RenewAsync(call, entry, call.Get(Token));
    }

    private ValueTask<Response> RenewSelfAsync(Call call) => RenewAsync(call, call.Caller.Entry!, call.Request.Token!);

    private async ValueTask<Response> RenewAccessorAsync(Call call)
    {
        if (call.Get(Accessor).Length == 0) return Fault.ListedInvalid("missing accessor");
        if (await kernel.Tokens.LookupAccessorAsync(call.Get(Accessor), call.Aborted) is not { } entry)
            return Fault.ListedInvalid("invalid accessor");
        return await RenewAsync(call, entry, "");
    }

    private async ValueTask<Response> RenewAsync(Call call, TokenEntry entry, string text)
    {
        if (call.Get(Increment) < TimeSpan.Zero) return Fault.Invalid("increment must be positive");
        var warnings = new List<string>();
        var (renewed, ttl, fault) = await kernel.Tokens.RenewAsync(entry, call.Get(Increment), warnings, call.Aborted);
        if (fault is not null) return fault;
        if (renewed is null) return Response.None;
        var identity = await kernel.Identity.ViewAsync(entry.EntityId, call.Aborted);
        return new Response
        {
            Token = new IssuedToken(text, renewed, identity?.Policies ?? [], ttl),
            Warnings = warnings.Count == 0 ? null : warnings,
        };
    }

    private async ValueTask<Response> RevokeAsync(Call call)
    {
        if (call.Get(Token).Length == 0) return Fault.Invalid("missing token ID");
        if (await kernel.Tokens.LookupAsync(call.Get(Token), call.Aborted) is not { } entry) return Response.None;
        return await RevokeAsync(entry, call.Aborted);
    }

    private ValueTask<Response> RevokeSelfAsync(Call call) => RevokeAsync(call.Caller.Entry!, call.Aborted);

    private async ValueTask<Response> RevokeAccessorAsync(Call call)
    {
        if (call.Get(Accessor).Length == 0) return Fault.ListedInvalid("missing accessor");
        if (await kernel.Tokens.LookupAccessorAsync(call.Get(Accessor), call.Aborted) is not { } entry)
            return Fault.ListedInvalid("invalid accessor");
        return await RevokeAsync(entry, call.Aborted);
    }

    private async ValueTask<Response> RevokeAsync(TokenEntry entry, CancellationToken ct)
    {
        if (entry.Type is TokenType.Batch) return Fault.Invalid("batch tokens cannot be revoked");
        await kernel.Tokens.RevokeAsync(entry.Hash, ct);
        return Response.None;
    }

    private async ValueTask<Response> RevokeOrphanAsync(Call call)
    {
        if (call.Get(Token).Length == 0) return Fault.Invalid("missing token ID");
        if (!call.Caller.Acl.Check(call.Request.Operation, call.Request.Path.Value).Sudo)
            return Fault.Invalid("root or sudo privileges required to revoke and orphan");
        if (await kernel.Tokens.LookupAsync(call.Get(Token), call.Aborted) is not { } entry)
            return Fault.Invalid("token to revoke not found");
        if (entry.Type is TokenType.Batch) return Fault.Invalid("batch tokens cannot be revoked");
        await kernel.Tokens.RevokeOrphanAsync(entry.Hash, call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> TidyAsync(Call call)
    {
        await kernel.Tokens.TidyAsync(call.Aborted);
        return new Response { Status = 202 }.Warn(
            "Tidy operation successfully started. Any information from the operation will be printed to the "
            + "server logs.");
    }
}
