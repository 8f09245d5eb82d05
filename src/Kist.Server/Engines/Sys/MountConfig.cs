using System.Text.RegularExpressions;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// What can be set on a mount: the fields of <c>config</c> when it is made and of <c>tune</c> later, with the same
/// rules.
/// </summary>
internal static partial class MountConfig
{
    private static readonly Field<string> DefaultLeaseTtl =
        Fields.Text("default_lease_ttl", "The life of a lease that asks for none; \"system\" for the system's.");

    private static readonly Field<string> MaxLeaseTtl =
        Fields.Text("max_lease_ttl", "The longest life of a lease; \"system\" for the system's.");

    private static readonly Field<bool> ForceNoCache =
        Fields.Flag("force_no_cache", "Kept for clients; nothing is cached wrongly.");

    private static readonly Field<IReadOnlyList<string>> AuditRequestKeys =
        Fields.List("audit_non_hmac_request_keys", "Request fields that the audit shows in clear.");

    private static readonly Field<IReadOnlyList<string>> AuditResponseKeys =
        Fields.List("audit_non_hmac_response_keys", "Answer fields that the audit shows in clear.");

    private static readonly Field<string> ListingVisibility =
        Fields.Text("listing_visibility", "unauth shows the mount to callers without a token; hidden does not.");

    private static readonly Field<IReadOnlyList<string>> RequestHeaders =
        Fields.List("passthrough_request_headers", "Request headers that reach the engine.");

    private static readonly Field<IReadOnlyList<string>> ResponseHeaders =
        Fields.List("allowed_response_headers", "Answer headers that the engine may set.");

    private static readonly Field<string> TokenType = Fields.Text("token_type",
        "The type of tokens that a login makes: default-service, default-batch, service or batch.");

    private static readonly Field<string> PluginVersion =
        Fields.Text("plugin_version", "The version of the engine; there is one of each.");

    private static readonly Field<IReadOnlyList<string>> DelegatedAccessors =
        Fields.List("delegated_auth_accessors", "Logins to which the mount may delegate. Kept for clients.");

    private static readonly Field<IReadOnlyList<string>> ManagedKeys =
        Fields.List("allowed_managed_keys", "Managed keys that the mount may use. Kept for clients.");

    private static readonly Field<string> IdentityTokenKey =
        Fields.Text("identity_token_key", "The identity key for the mount's own tokens. Kept for clients.");

    private static readonly Field<ReadOnlyMemory<byte>> Lockout =
        Fields.Json("user_lockout_config", "When a login locks a user out after wrong passwords.");

    private static readonly Field<long> LockoutThreshold = Fields.Number("lockout_threshold", "Failures until then.");
    private static readonly Field<TimeSpan> LockoutDuration = Fields.Duration("lockout_duration", "For how long.");
    private static readonly Field<TimeSpan> LockoutReset =
        Fields.Duration("lockout_counter_reset_duration", "When counting starts again.");
    private static readonly Field<TimeSpan> LockoutResetToo =
        Fields.Duration("lockout_counter_reset", "The same, by the name that the documentation has.");
    private static readonly Field<bool> LockoutDisable =
        Fields.Flag("lockout_disable", "Whether nobody is locked out.");

    /// <summary>Every field, for the routes that take them.</summary>
    public static IReadOnlyList<Field> All { get; } =
    [
        DefaultLeaseTtl, MaxLeaseTtl, ForceNoCache, AuditRequestKeys, AuditResponseKeys, ListingVisibility,
        RequestHeaders, ResponseHeaders, TokenType, PluginVersion, DelegatedAccessors, ManagedKeys, IdentityTokenKey,
        Lockout,
    ];

    /// <summary>
    /// <paramref name="entry"/> with what <paramref name="json"/> sets; a fault that says what is wrong, and then
    /// nothing of it holds.
    /// </summary>
    public static Fault? TryApply(
        MountEntry entry, ReadOnlyMemory<byte> json, string version, out MountEntry changed)
    {
        changed = entry;
        if (FieldSet.TryRead(json, All, out var set) is { } fault) return fault;
        if (TtlOf(set, DefaultLeaseTtl, entry.DefaultLeaseTtl) is not { } defaultTtl)
            return Fault.Invalid("unable to parse default TTL: expected a duration such as 90, \"90s\" or \"1h30m\"");
        if (TtlOf(set, MaxLeaseTtl, entry.MaxLeaseTtl) is not { } maxTtl)
            return Fault.Invalid("unable to parse max TTL: expected a duration such as 90, \"90s\" or \"1h30m\"");
        var visibility = set.Get(ListingVisibility);
        if (visibility is not ("" or "hidden" or "unauth"))
            return Fault.Invalid($"invalid listing_visibility {visibility}");
        if (set.Has(TokenType) && TypeFault(entry, set.Get(TokenType)) is { } wrongType) return wrongType;
        if (TryLockout(set, entry, out var lockout) is { } wrongLockout) return wrongLockout;
        if (set.Has(PluginVersion) && (set.Get(PluginVersion).Length > 0 || entry.Uuid.Length > 0)
            && VersionFault(entry, set.Get(PluginVersion), version) is { } wrongVersion) return wrongVersion;
        changed = entry with
        {
            DefaultLeaseTtl = defaultTtl,
            MaxLeaseTtl = maxTtl,
            ForceNoCache = set.Has(ForceNoCache) ? set.Get(ForceNoCache) : entry.ForceNoCache,
            AuditNonHmacRequestKeys = Given(set, AuditRequestKeys) ?? entry.AuditNonHmacRequestKeys,
            AuditNonHmacResponseKeys = Given(set, AuditResponseKeys) ?? entry.AuditNonHmacResponseKeys,
            ListingVisibility = set.Has(ListingVisibility) ? visibility : entry.ListingVisibility,
            PassthroughRequestHeaders = Given(set, RequestHeaders) ?? entry.PassthroughRequestHeaders,
            AllowedResponseHeaders = Given(set, ResponseHeaders) ?? entry.AllowedResponseHeaders,
            TokenType = set.Has(TokenType) && entry.IsLogin ? set.Get(TokenType) : entry.TokenType,
            DelegatedAuthAccessors = Given(set, DelegatedAccessors) ?? entry.DelegatedAuthAccessors,
            AllowedManagedKeys = Given(set, ManagedKeys) ?? entry.AllowedManagedKeys,
            IdentityTokenKey = set.Has(IdentityTokenKey) ? set.Get(IdentityTokenKey) : entry.IdentityTokenKey,
            UserLockout = lockout,
        };
        return null;
    }

    /// <summary>The limits of a new mount: its default must fit under its own longest life, or the system's.</summary>
    public static Fault? CheckNew(MountEntry entry, Settings settings)
    {
        if (entry.MaxLeaseTtl > TimeSpan.Zero && entry.DefaultLeaseTtl > entry.MaxLeaseTtl)
            return Fault.Invalid("given default lease TTL greater than given max lease TTL");
        if (entry.MaxLeaseTtl == TimeSpan.Zero && entry.DefaultLeaseTtl > settings.MaxLeaseTtl)
            return Fault.Invalid("given default lease TTL greater than system max lease TTL of "
                + $"{(long)settings.MaxLeaseTtl.TotalSeconds}");
        return null;
    }

    /// <summary>The limits of a mount that is tuned.</summary>
    public static Fault? CheckTuned(MountEntry entry) =>
        entry.DefaultLeaseTtl > TimeSpan.Zero && entry.MaxLeaseTtl > TimeSpan.Zero
            && entry.MaxLeaseTtl < entry.DefaultLeaseTtl
            ? Fault.Invalid($"backend max lease TTL of {(long)entry.MaxLeaseTtl.TotalSeconds} would be less than "
                + $"backend default lease TTL of {(long)entry.DefaultLeaseTtl.TotalSeconds}")
            : null;

    private static TimeSpan? TtlOf(FieldSet set, Field<string> field, TimeSpan current)
    {
        if (!set.Has(field)) return current;
        if (set.Get(field) is "" or "system") return TimeSpan.Zero;
        return GoDuration.TryParse(set.Get(field), out var ttl) && ttl >= TimeSpan.Zero ? ttl : null;
    }

    private static Fault? TypeFault(MountEntry entry, string type)
    {
        if (!entry.IsLogin)
            return entry.Uuid.Length == 0 ? null : Fault.Invalid("'token_type' can only be modified on auth mounts");
        if (entry.Type == "token" && type is not ("" or "default-service"))
            return Fault.Invalid("'token_type' cannot be set for 'token' or 'batch' auth mounts");
        return type is "default-service" or "default-batch" or "service" or "batch"
            ? null
            : Fault.Invalid("invalid value for 'token_type'");
    }

    /// <summary>
    /// Only logins that ask for a password of somebody lock him out; what is said of it when an engine is mounted is
    /// passed over, as Vault does. A setting that is not given stays.
    /// </summary>
    private static Fault? TryLockout(FieldSet set, MountEntry entry, out UserLockout? lockout)
    {
        lockout = entry.UserLockout;
        if (!set.Has(Lockout)) return null;
        Field[] fields = [LockoutThreshold, LockoutDuration, LockoutReset, LockoutResetToo, LockoutDisable];
        if (FieldSet.TryRead(set.Get(Lockout), fields, out var inner) is not null)
            return Fault.Invalid("unable to convert given user lockout config information");
        if (entry.Uuid.Length == 0 && !entry.IsLogin || !Array.Exists(fields, inner.Has)) return null;
        if (entry.Uuid.Length > 0 && entry.Type.ToLowerInvariant() is not ("ldap" or "approle" or "userpass"))
            return Fault.Invalid($"tuning of user lockout configuration for auth type \"{entry.Type}\" not allowed");
        var old = entry.UserLockout ?? new UserLockout(0, default, default, false);
        var reset = inner.Has(LockoutReset) ? LockoutReset : LockoutResetToo;
        lockout = new UserLockout(
            inner.Has(LockoutThreshold) ? inner.Get(LockoutThreshold) : old.Threshold,
            inner.Has(LockoutDuration) ? inner.Get(LockoutDuration) : old.Duration,
            inner.Has(reset) ? inner.Get(reset) : old.CounterReset,
            inner.Has(LockoutDisable) ? inner.Get(LockoutDisable) : old.Disable);
        if (lockout.Threshold < 0) return Fault.Invalid("unable to parse user lockout threshold: it is below zero");
        return lockout.Duration < TimeSpan.Zero || lockout.CounterReset < TimeSpan.Zero
            ? Fault.Invalid("unable to parse a user lockout duration: it is below zero")
            : null;
    }

    /// <summary>There is one version of each engine; another one that is asked for is not passed over.</summary>
    public static Fault? VersionFault(MountEntry entry, string asked, string version)
    {
        if (!SemanticVersion().IsMatch(asked))
            return Fault.Invalid(
                $"version \"{asked}\" is not a valid semantic version: Malformed version: {asked}");
        if (asked.TrimStart('v') == MountShape.RunningVersion(version).TrimStart('v')) return null;
        var kind = entry.IsLogin ? "auth" : "secrets";
        return Fault.Invalid($"cannot select non-builtin version of {kind} plugin {entry.Type}");
    }

    [GeneratedRegex(@"^v?[0-9]{1,9}(\.[0-9]{1,9})*(-[0-9A-Za-z.~-]+)?(\+[0-9A-Za-z.~-]+)?$",
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)]
    private static partial Regex SemanticVersion();

    private static IReadOnlyList<string>? Given(FieldSet set, Field<IReadOnlyList<string>> field) =>
        set.Has(field) ? set.Get(field) : null;
}
