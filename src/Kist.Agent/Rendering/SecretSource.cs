using System.Text.Json;
using Kist.Agent.Answers;
using Kist.Agent.Link;
using Kist.Agent.Templates;
using Kist.Secrets;

namespace Kist.Agent.Rendering;

/// <summary>The value of a query, and how long it holds.</summary>
/// <param name="Name">The secret whose changes are told; null: it is none.</param>
/// <param name="Life">When to ask again at the latest; null: when something says that it has changed.</param>
/// <param name="LeaseId">A lease to be renewed; empty: none.</param>
internal sealed record SecretValue(object? Value, string? Name, TimeSpan? Life, string LeaseId, bool IsRenewable)
{
    public override string ToString() => "[REDACTED]";
}

/// <summary>Answers the queries of templates, with the agent's token.</summary>
internal sealed class SecretSource(Access access)
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(5);

    /// <summary>The value, or why there is none. <paramref name="ct"/> ends the question.</summary>
    public async Task<(SecretValue? Value, string? Error)> AskAsync(SecretQuery query, CancellationToken ct)
    {
        if (query.Kind is QueryKind.Write or QueryKind.Certificate) return await WriteAsync(query, ct);
        var space = access.Link.Settings.Namespace ?? "";
        var (path, rest) = query.Path.IndexOf('?') is var at and >= 0
            ? (query.Path[..at], query.Path[at..]) : (query.Path, "");
        var token = access.Keeper?.Current;
        var mount = await access.Mounts.FindAsync(AnswerKey.Agent, token, space, path, ct);
        path = Full(path, mount, query.Kind);
        var encoded = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        return query.Kind == QueryKind.List
            ? await ListAsync(encoded, ct)
            : await ReadAsync(query, encoded + rest, path, mount, ct);
    }

    /// <summary>Renews a lease; its new life, or null when it cannot be renewed.</summary>
    public async Task<TimeSpan?> RenewAsync(string lease, CancellationToken ct)
    {
        using var body = Json([$"lease_id={lease}"]);
        using var reply = await access.AskAsync(
            token => new Question(HttpMethod.Put, "sys/leases/renew", token, body), ct);
        return reply.IsGood && reply.Root.Number("lease_duration") is > 0 and var seconds
            ? TimeSpan.FromSeconds(seconds) : null;
    }

    // kv version 2 keeps values below data/ and names below metadata/, which templates may leave out.
    private static string Full(string path, MountInfo? mount, QueryKind kind)
    {
        if (mount is not { Version: 2 } || !(path + "/").StartsWith(mount.Path, StringComparison.Ordinal)) return path;
        var rest = path.Length > mount.Path.Length ? path[mount.Path.Length..] : "";
        var part = kind == QueryKind.List ? "metadata" : "data";
        if (kind == QueryKind.List && rest.StartsWith("data/", StringComparison.Ordinal)) rest = rest["data/".Length..];
        if ((rest + "/").StartsWith("data/", StringComparison.Ordinal)
            || (rest + "/").StartsWith("metadata/", StringComparison.Ordinal)) return path;
        return $"{mount.Path}{part}/{rest}".TrimEnd('/');
    }

    private async Task<(SecretValue?, string?)> ReadAsync(
        SecretQuery query, string target, string path, MountInfo? mount, CancellationToken ct)
    {
        var space = access.Link.Settings.Namespace ?? "";
        var name = mount is null ? null : AnswerReads.NameOf(space, mount, path);
        var (answer, fault) = await access.ReadAsync(null, space, "/v1/" + target, ct);
        if (fault is not null) return (null, fault.Message);
        if (answer is not null)
        {
            using var memory = answer;
            using var kept = Reply.Of(answer.Status, Copied(answer.Body));
            if (kept.Status == 404 && query.IsOptional) return (new SecretValue(null, name, null, "", false), null);
            var (value, error) = Value(kept, name);
            // The server is away: it is asked again soon.
            return (answer.Source == AnswerSource.LastKnown ? value! with { Life = s_soon } : value, error);
        }
        using var reply = await access.AskAsync(token => new Question(HttpMethod.Get, target, token), ct);
        if (reply.Status == 404 && query.IsOptional) return (new SecretValue(null, null, null, "", false), null);
        return Value(reply, null);
    }

    private async Task<(SecretValue?, string?)> ListAsync(string path, CancellationToken ct)
    {
        using var reply = await access.AskAsync(
            token => new Question(HttpMethod.Get, path + "?list=true", token), ct);
        if (reply.Status == 404) return (new SecretValue(new List<object?>(), null, null, "", false), null);
        if (!reply.IsGood) return (null, reply.Explanation);
        return (new SecretValue(TemplateValue.Of(reply.Root.Get("data").Get("keys")), null, null, "", false), null);
    }

    private async Task<(SecretValue?, string?)> WriteAsync(SecretQuery query, CancellationToken ct)
    {
        using var body = Json(query.Parameters);
        var path = string.Join('/', query.Path.Split('/').Select(Uri.EscapeDataString));
        using var reply = await access.AskAsync(token => new Question(HttpMethod.Put, path, token, body), ct);
        var (value, error) = Value(reply, null);
        if (value is null || query.Kind == QueryKind.Write) return (value, error);
        var data = reply.Root.Get("data");
        var fields = new Dictionary<string, object?>
        {
            ["Cert"] = data.Text("certificate"), ["Key"] = data.Text("private_key"), ["CA"] = data.Text("issuing_ca"),
            ["CAChain"] = TemplateValue.Of(data.Get("ca_chain")), ["Data"] = TemplateValue.Of(data),
        };
        return (value with { Value = new TemplateObject("the certificate", fields) }, null);
    }

    private static (SecretValue?, string?) Value(Reply reply, string? name)
    {
        if (reply.Status == 404) return (null, "there is no such secret");
        if (!reply.IsGood) return (null, reply.Explanation);
        var root = reply.Root;
        var lease = root.Text("lease_id");
        var seconds = root.Number("lease_duration");
        TimeSpan? life = lease.Length > 0 && seconds > 0 ? TimeSpan.FromSeconds(seconds) : null;
        // A certificate says itself how long it holds.
        if (life is null && root.Get("data").Number("expiration") is > 0 and var end)
            life = DateTimeOffset.FromUnixTimeSeconds(end) - TimeProvider.System.GetUtcNow();
        if (life <= TimeSpan.Zero) life = TimeSpan.FromSeconds(1);
        return (new SecretValue(Whole(root), name, life, lease, root.Flag("renewable")), null);
    }

    private static TemplateObject Whole(JsonElement root)
    {
        var (wrap, auth) = (root.Get("wrap_info"), root.Get("auth"));
        return new TemplateObject("the secret", new Dictionary<string, object?>
        {
            ["RequestID"] = root.Text("request_id"), ["LeaseID"] = root.Text("lease_id"),
            ["LeaseDuration"] = root.Number("lease_duration"), ["Renewable"] = root.Flag("renewable"),
            ["Data"] = TemplateValue.Of(root.Get("data")) ?? new TemplateMap(),
            ["Warnings"] = TemplateValue.Of(root.Get("warnings")) ?? new List<object?>(),
            ["WrapInfo"] = wrap.ValueKind != JsonValueKind.Object ? null : new TemplateObject("the wrapping",
                new Dictionary<string, object?>
                {
                    ["Token"] = wrap.Text("token"), ["TTL"] = wrap.Number("ttl"),
                    ["CreationTime"] = wrap.Text("creation_time"), ["WrappedAccessor"] = wrap.Text("wrapped_accessor"),
                }),
            ["Auth"] = auth.ValueKind != JsonValueKind.Object ? null : new TemplateObject("the login",
                new Dictionary<string, object?>
                {
                    ["ClientToken"] = auth.Text("client_token"), ["Accessor"] = auth.Text("accessor"),
                    ["Policies"] = TemplateValue.Of(auth.Get("policies")),
                    ["Metadata"] = TemplateValue.Of(auth.Get("metadata")),
                    ["LeaseDuration"] = auth.Number("lease_duration"), ["Renewable"] = auth.Flag("renewable"),
                }),
        });
    }

    private static SecretWriter Copied(SecretWriter body)
    {
        var copy = new SecretWriter(body.WrittenCount);
        copy.Write(body.WrittenSpan);
        return copy;
    }

    private static SecretWriter Json(IEnumerable<string> pairs)
    {
        var text = new SecretWriter(256);
        using var json = new Utf8JsonWriter(text);
        json.WriteStartObject();
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=');
            json.WriteString(pair.AsSpan(0, at), pair.AsSpan(at + 1));
        }
        json.WriteEndObject();
        json.Flush();
        return text;
    }
}
