using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Leases;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Tokens;

/// <summary>
/// Makes, finds, uses, renews and revokes tokens. Entries lie under keyed hashes; an accessor index and a parent index
/// stand beside them, and each token that ends has a lease, all written in one batch.
/// </summary>
public sealed partial class TokenStore
{
    private readonly Node.Unsealed _kernel;
    private readonly Storage _storage;
    private readonly byte[] _hashKey;
    private readonly BatchTokens _batch;
    private readonly CallerCache _cache = new();

    internal TokenStore(Node.Unsealed kernel, Storage storage, byte[] hashKey, byte[] batchKey)
    {
        _kernel = kernel;
        _storage = storage;
        _hashKey = hashKey;
        _batch = new BatchTokens(batchKey);
    }

    /// <summary>What the keys of tokens in the store begin with; their keyed hash follows.</summary>
    internal string EntryStorePrefix => _storage.Prefix + EntryKey("");

    /// <summary>How many callers are kept ready; for metrics.</summary>
    public int CachedCallers => _cache.Count;

    private DateTimeOffset Now => _kernel.Clock.GetUtcNow();

    /// <summary>Reads a key of 32 random bytes that lives in the barrier, making it the first time.</summary>
    internal static async ValueTask<byte[]> LoadKeyAsync(Storage core, string name, CancellationToken ct)
    {
        using (var known = await core.GetAsync(name, ct))
            if (known is not null) return known.Span.ToArray();
        return await core.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(name) is { } other) return other.Span.ToArray();
            var key = RandomNumberGenerator.GetBytes(32);
            tx.Put(name, key);
            return key;
        }, ct);
    }

    /// <summary>The keyed hash of a token, as it stands in records and lease ids.</summary>
    public TokenHash HashOf(string token) => TokenHash.Of(token, _hashKey);

    /// <summary>
    /// The entry of a live token, or null: unknown, expired, revoked, out of uses, or a batch token whose parent is
    /// gone.
    /// </summary>
    public async ValueTask<TokenEntry?> LookupAsync(string token, CancellationToken ct)
    {
        var entry = token.StartsWith(TokenText.BatchPrefix, StringComparison.Ordinal)
            ? await OpenBatchAsync(token, ct)
            : await ReadAsync(HashOf(token).ToString(), ct);
        return entry is not null && IsAlive(entry) ? entry : null;
    }

    /// <summary>The entry of a live token with this accessor, or null.</summary>
    public async ValueTask<TokenEntry?> LookupAccessorAsync(string accessor, CancellationToken ct)
    {
        if (!IsAccessor(accessor)) return null;
        using var hash = await _storage.GetAsync(AccessorKey(accessor), ct);
        if (hash is null || await ReadAsync(Encoding.ASCII.GetString(hash.Span), ct) is not { } entry) return null;
        return IsAlive(entry) ? entry : null;
    }

    /// <summary>The entry under a keyed hash, whether alive or not.</summary>
    public async ValueTask<TokenEntry?> ReadAsync(string hash, CancellationToken ct)
    {
        using var plain = await _storage.GetAsync(EntryKey(hash), ct);
        return plain is null ? null : JsonSerializer.Deserialize(plain.Span, KernelJson.Default.TokenEntry);
    }

    /// <summary>Accessors of all tokens, in order, after <paramref name="after"/>.</summary>
    public ValueTask<IReadOnlyList<string>> AccessorsAsync(string after, int limit, CancellationToken ct) =>
        _storage.ListAsync("acc/", after, limit, ct);

    /// <summary>
    /// Makes a token. <paramref name="entry"/> holds what it shall be, without hash, accessor and times;
    /// <paramref name="id"/> is a chosen token text or null. A chosen text that exists is refused.
    /// </summary>
    public async ValueTask<(IssuedToken? Token, Fault? Fault)> CreateAsync(
        TokenEntry entry, TimeSpan ttl, string? id, CancellationToken ct)
    {
        var now = Now;
        entry = entry with
        {
            IssueTime = now,
            CreationTtl = ttl,
            ExpireTime = ttl > TimeSpan.Zero ? now + ttl : null,
        };
        if (entry.Type is TokenType.Batch) return (await IssueAsync(_batch.Seal(entry), entry, ttl, ct), null);
        var text = id ?? TokenText.NewService();
        entry = entry with { Hash = HashOf(text).ToString(), Accessor = TokenText.NewAccessor() };
        var stored = await _storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(EntryKey(entry.Hash)) is not null) return false;
            if (!entry.IsOrphan && await tx.GetAsync(EntryKey(entry.Parent)) is null) return false;
            WriteNew(tx, entry);
            return true;
        }, ct);
        if (!stored)
            return (null, Fault.Invalid(
                id is null ? "parent token lookup failed" : "cannot create a token with a duplicate ID"));
        return (await IssueAsync(text, entry, ttl, ct), null);
    }

    /// <summary>
    /// Writes a new token and its indexes into a transaction that also writes something else (wrapping).
    /// </summary>
    internal TokenEntry WriteNew(Transaction tx, TokenEntry entry, string text)
    {
        entry = entry with { Hash = HashOf(text).ToString(), Accessor = TokenText.NewAccessor() };
        WriteNew(tx, entry);
        return entry;
    }

    /// <summary>
    /// The token that a login gets: policies cleaned, <c>default</c> added, entity found or made, life cut to the
    /// mount's limits.
    /// </summary>
    public async ValueTask<(IssuedToken? Token, Fault? Fault)> LoginAsync(
        TokenGrant grant, Mount mount, string path, List<string> warnings, CancellationToken ct)
    {
        var type = grant.Type
            ?? (mount.Entry.TokenType is "batch" or "default-batch" ? TokenType.Batch : TokenType.Service);
        if (mount.Entry.TokenType is "service" or "batch")
            type = mount.Entry.TokenType is "batch" ? TokenType.Batch : TokenType.Service;
        var entityId = "";
        if (grant.Alias is { } alias)
        {
            var (id, fault) = await _kernel.Identity.LoginAsync(mount, alias, grant.GroupAliases, ct);
            if (fault is not null) return (null, fault);
            entityId = id;
        }
        var now = Now;
        var ttl = new TtlRule
        {
            Asked = TimeSpan.Zero, RoleTtl = grant.Ttl, RoleMaxTtl = grant.MaxTtl,
                ExplicitMaxTtl = grant.ExplicitMaxTtl,
            Period = grant.Period, MountDefault = _kernel.Mounts.DefaultTtl(mount.Entry),
            MountMax = _kernel.Mounts.MaxTtl(mount.Entry), Start = now,
        }.Decide(now, warnings);
        var name = mount.Path["auth/".Length..].Replace('/', '-') + grant.DisplayName;
        var policies = PolicyNames.Clean(grant.Policies, addDefault: !grant.NoDefaultPolicy);
        if (policies.Contains("root")) return (null, Fault.Invalid("auth methods cannot create root tokens"));
        return await CreateAsync(new TokenEntry
        {
            Type = type,
            Policies = policies,
            Path = path,
            Metadata = grant.Metadata,
            DisplayName = name.TrimEnd('-'),
            EntityId = entityId,
            BoundCidrs = grant.BoundCidrs,
            NumUses = type is TokenType.Batch ? 0 : grant.NumUses,
            ExplicitMaxTtl = grant.ExplicitMaxTtl,
            Period = grant.Period,
            MaxTtl = grant.MaxTtl,
            Renewable = type is TokenType.Service && grant.Renewable,
            MountUuid = mount.Entry.Uuid,
            LoginData = grant.LoginData,
        }, ttl, null, ct);
    }

    /// <summary>
    /// A root token that never ends, made at initialisation and by generate-root; <paramref name="id"/> as above.
    /// </summary>
    public async ValueTask<string> CreateRootAsync(string? id, CancellationToken ct)
    {
        var (token, fault) = await CreateAsync(new TokenEntry
        {
            Policies = ["root"],
            Path = "auth/token/root",
            DisplayName = "root",
            MountUuid = _kernel.Mounts.Current.At("auth/token/")!.Entry.Uuid,
        }, TimeSpan.Zero, id, ct);
        return token?.Token ?? throw new InvalidOperationException(fault!.Message);
    }

    /// <summary>What the answer shows of a token.</summary>
    private async ValueTask<IssuedToken> IssueAsync(string text, TokenEntry entry, TimeSpan ttl, CancellationToken ct)
    {
        var identity = entry.NoIdentityPolicies ? null : await _kernel.Identity.ViewAsync(entry.EntityId, ct);
        return new IssuedToken(text, entry, identity?.Policies ?? [], ttl);
    }

    private void WriteNew(Transaction tx, TokenEntry entry)
    {
        tx.Put(EntryKey(entry.Hash), JsonSerializer.SerializeToUtf8Bytes(entry, KernelJson.Default.TokenEntry));
        tx.Put(AccessorKey(entry.Accessor), Encoding.ASCII.GetBytes(entry.Hash));
        if (!entry.IsOrphan) tx.Put(ChildKey(entry.Parent, entry.Hash), default);
        if (entry.LeaseId is not null) _kernel.Leases.WriteToken(tx, entry);
    }

    private bool IsAlive(TokenEntry entry) =>
        entry.NumUses >= 0 && (entry.ExpireTime is not { } end || end > Now);

    private static bool IsAccessor(string text) => text.Length == 24 && text.All(char.IsAsciiLetterOrDigit);

    private static string EntryKey(string hash) => "id/" + hash;

    private static string AccessorKey(string accessor) => "acc/" + accessor;

    private static string ChildKey(string parent, string child) => $"par/{parent}/{child}";
}
