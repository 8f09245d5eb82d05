using System.Text.Json;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;

namespace Kist.Server.Engines.Sys;

/// <summary>How a mount is shown.</summary>
internal static class MountShape
{
    /// <summary>The path as <c>sys/mounts</c> and <c>sys/auth</c> show it: logins without their <c>auth/</c>.</summary>
    public static string ShownPath(MountEntry entry) => entry.IsLogin ? entry.Path["auth/".Length..] : entry.Path;

    /// <summary>The version of every engine, as plug-ins have one.</summary>
    public static string RunningVersion(string version) => $"v{version}+builtin.kist";

    /// <summary>The members of an entry of <c>sys/mounts</c>.</summary>
    public static void Write(Utf8JsonWriter json, MountEntry entry, string version)
    {
        json.WriteString("type", entry.Type);
        json.WriteString("description", entry.Description);
        json.WriteString("accessor", entry.Accessor);
        json.WriteString("uuid", entry.Uuid);
        json.WriteBoolean("local", entry.Local);
        json.WriteBoolean("seal_wrap", entry.SealWrap);
        json.WriteBoolean("external_entropy_access", entry.ExternalEntropyAccess);
        json.WriteMap("options", entry.Options);
        json.WriteString("plugin_version", "");
        json.WriteString("running_plugin_version", RunningVersion(version));
        json.WriteString("running_sha256", "");
        // What is part of the server itself is no plug-in that could be deprecated.
        if (!BuiltInMounts.Covers(entry.Path)) json.WriteString("deprecation_status", "supported");
        json.WriteStartObject("config");
        json.WriteSeconds("default_lease_ttl", entry.DefaultLeaseTtl);
        json.WriteSeconds("max_lease_ttl", entry.MaxLeaseTtl);
        json.WriteBoolean("force_no_cache", entry.ForceNoCache);
        WriteCommon(json, entry);
        if (entry.IsLogin && entry.UserLockout is { } lockout)
        {
            json.WriteStartObject("user_lockout_config");
            WriteLockout(json, lockout);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>The members of <c>tune</c>: the limits as they are in effect.</summary>
    public static void WriteTune(Utf8JsonWriter json, MountEntry entry, Unsealed kernel)
    {
        json.WriteString("description", entry.Description);
        json.WriteSeconds("default_lease_ttl", kernel.Mounts.DefaultTtl(entry));
        json.WriteSeconds("max_lease_ttl", kernel.Mounts.MaxTtl(entry));
        json.WriteBoolean("force_no_cache", entry.ForceNoCache);
        WriteCommon(json, entry);
        if (entry.UserLockout is { } lockout) WriteLockout(json, lockout);
        if (entry.Options is { Count: > 0 }) json.WriteMap("options", entry.Options);
    }

    private static void WriteCommon(Utf8JsonWriter json, MountEntry entry)
    {
        if (entry.TokenType is not null) json.WriteString("token_type", entry.TokenType);
        WriteIfSet(json, "audit_non_hmac_request_keys", entry.AuditNonHmacRequestKeys);
        WriteIfSet(json, "audit_non_hmac_response_keys", entry.AuditNonHmacResponseKeys);
        WriteIfSet(json, "listing_visibility", entry.ListingVisibility);
        WriteIfSet(json, "passthrough_request_headers", entry.PassthroughRequestHeaders);
        WriteIfSet(json, "allowed_response_headers", entry.AllowedResponseHeaders);
        WriteIfSet(json, "delegated_auth_accessors", entry.DelegatedAuthAccessors);
        WriteIfSet(json, "allowed_managed_keys", entry.AllowedManagedKeys);
        WriteIfSet(json, "identity_token_key", entry.IdentityTokenKey);
    }

    // Set without the beginning of these names, read with it; in tune they stand beside the other settings.
    private static void WriteLockout(Utf8JsonWriter json, UserLockout lockout)
    {
        json.WriteSeconds("user_lockout_counter_reset_duration", lockout.CounterReset);
        json.WriteNumber("user_lockout_threshold", lockout.Threshold);
        json.WriteSeconds("user_lockout_duration", lockout.Duration);
        json.WriteBoolean("user_lockout_disable", lockout.Disable);
    }

    private static void WriteIfSet(Utf8JsonWriter json, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text)) json.WriteString(name, text);
    }

    private static void WriteIfSet(Utf8JsonWriter json, string name, IReadOnlyList<string>? texts)
    {
        if (texts is { Count: > 0 }) json.WriteTexts(name, texts);
    }
}
