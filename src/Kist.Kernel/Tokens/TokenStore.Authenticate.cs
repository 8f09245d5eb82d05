using System.Net;
using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;

namespace Kist.Kernel.Tokens;

public sealed partial class TokenStore
{
    /// <summary>
    /// Who sends this request: finds the token (a cached, immutable snapshot on the hot path), checks that it is alive,
    /// that it comes from where it may, and that its entity is enabled.
    /// </summary>
    public ValueTask<(Caller? Caller, Fault? Fault)> AuthenticateAsync(Request request, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(request.Token)) return new((null, Fault.NoToken));
        if (request.Token.StartsWith(TokenText.BatchPrefix, StringComparison.Ordinal))
            return AuthenticateSlowAsync(request, default, ct);
        var hash = request.Memo?.HashOf(request.Token, this) ?? HashOf(request.Token);
        if (_cache.TryGet(hash, _kernel.Policies.Generation, _kernel.Identity.Generation, out var caller))
            return new(Check(caller, request));
        return AuthenticateSlowAsync(request, hash, ct);
    }

    /// <summary>
    /// The caller that a token is, without a request: for capabilities of another token. Null when it is not alive.
    /// </summary>
    public ValueTask<Caller> CallerOfAsync(TokenEntry entry, CancellationToken ct) => ResolveAsync(entry, ct);

    /// <summary>
    /// Takes one use from a token with limited uses. False when another request took the last one. When this was the
    /// last, the entry that comes back is marked, and the pipeline revokes it after the answer.
    /// </summary>
    public async ValueTask<(bool Used, bool WasLast)> UseAsync(TokenEntry entry, CancellationToken ct)
    {
        if (entry.NumUses == 0) return (true, false);
        var left = await _storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(EntryKey(entry.Hash)) is not { } plain) return -1;
            var current = JsonSerializer.Deserialize(plain.Span, KernelJson.Default.TokenEntry)!;
            if (current.NumUses <= 0) return -1;
            var uses = current.NumUses == 1 ? TokenEntry.RevocationPending : current.NumUses - 1;
            tx.Put(EntryKey(entry.Hash), JsonSerializer.SerializeToUtf8Bytes(
                current with { NumUses = uses }, KernelJson.Default.TokenEntry));
            return uses;
        }, ct);
        Forget(entry.Hash);
        return (left != -1, left == TokenEntry.RevocationPending);
    }

    private async ValueTask<(Caller? Caller, Fault? Fault)> AuthenticateSlowAsync(
        Request request, TokenHash hash, CancellationToken ct)
    {
        var epoch = _cache.Epoch;
        var (policies, identity) = (_kernel.Policies.Generation, _kernel.Identity.Generation);
        // A wrapping token may come in its signed form; that form is never cached, since it is not what gets forgotten.
        var text = _kernel.Wrapping.TokenOf(request.Token!) ?? request.Token!;
        if (await LookupAsync(text, ct) is not { } entry) return (null, Fault.BadToken);
        var caller = await ResolveAsync(entry, ct);
        if (entry.Type is TokenType.Service && ReferenceEquals(text, request.Token)) _cache.Add(
            hash, caller, policies, identity, epoch);
        return Check(caller, request);
    }

    private async ValueTask<Caller> ResolveAsync(TokenEntry entry, CancellationToken ct)
    {
        var identity = await _kernel.Identity.ViewAsync(entry.EntityId, ct);
        var policies = entry.NoIdentityPolicies || identity is null ? entry.Policies
            : entry.Policies.Concat(identity.Policies);
        var acl = entry.IsRoot ? Acl.Root : await _kernel.Policies.CompileAsync(policies, identity?.Subject, ct);
        return new Caller(entry, acl, identity);
    }

    private (Caller? Caller, Fault? Fault) Check(Caller caller, Request request)
    {
        var entry = caller.Entry!;
        if (!IsAlive(entry)) return (null, Fault.BadToken);
        if (entry.BoundCidrs.Count > 0 && !Cidr.AnyContains(entry.BoundCidrs, request.Remote)) return (
            null, Fault.BadToken);
        // A token of an entity that is disabled or was deleted can do nothing; Vault does not list this error.
        if (entry.EntityId.Length > 0 && caller.Identity is not { IsDisabled: false }) return (caller, Fault.BadToken);
        return (caller, null);
    }

    private async ValueTask<TokenEntry?> OpenBatchAsync(string token, CancellationToken ct)
    {
        if (_batch.Open(token) is not { } entry) return null;
        if (entry.MountUuid.Length > 0 && _kernel.Mounts.Current.WithUuid(entry.MountUuid) is null) return null;
        if (entry.IsOrphan) return entry;
        return await ReadAsync(entry.Parent, ct) is { } parent && IsAlive(parent) ? entry : null;
    }

    /// <summary>Another node may have changed or revoked the token with this keyed hash.</summary>
    internal void Forget(string hash) => _cache.Remove(hash);

    /// <summary>Other nodes may have changed any token.</summary>
    internal void ForgetAll() => _cache.Clear();
}
