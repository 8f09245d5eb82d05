using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Quotas;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/quotas</c>: rate limits and what holds for all of them.</summary>
internal sealed class QuotaPaths
{
    private static readonly Field<string> Name = Fields.Text("name", "The rate limit's name.");
    private static readonly Field<string> Type = Fields.Text("type", "Kept for clients: rate-limit.");
    private static readonly Field<string> Path =
        Fields.Text("path", "A mount, or a path in it, with a star at its end for all below; empty for everything.");
    private static readonly Field<double> Rate = Fields.Decimal("rate", "Requests of one client address per interval.");

    private static readonly Field<TimeSpan> Interval =
        Fields.Duration("interval", "After which time requests count anew.", TimeSpan.FromSeconds(1));

    private static readonly Field<TimeSpan> BlockInterval =
        Fields.Duration("block_interval", "How long a client that went over is refused altogether.");

    private static readonly Field<string> Role = Fields.Text("role", "The login role that is covered.");
    private static readonly Field<bool> Inheritable = Fields.Flag("inheritable", "Kept for clients.");
    private static readonly Field<bool> AuditLogging =
        Fields.Flag("enable_rate_limit_audit_logging", "Whether refused requests are audited.");
    private static readonly Field<bool> Headers =
        Fields.Flag("enable_rate_limit_response_headers", "Whether answers tell what is left.");
    private static readonly Field<IReadOnlyList<string>> Exempt =
        Fields.List("rate_limit_exempt_paths", "Paths that no limit covers.");

    private readonly Unsealed _kernel;

    public QuotaPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "quotas/config", ReadConfigAsync, "Reads what holds for all quotas"),
            new(Operation.Update, "quotas/config", WriteConfigAsync, "Changes what holds for all quotas",
                AuditLogging, Headers, Exempt),
            new(Operation.List, "quotas/rate-limit", ListAsync, "Lists the rate limits", Paging.After,
                Paging.Limit),
            new(Operation.Read, "quotas/rate-limit/{name}", ReadAsync, "Reads a rate limit", Name),
            new(Operation.Update, "quotas/rate-limit/{name}", WriteAsync, "Makes or replaces a rate limit", Name,
                Type, Path, Rate,
                Interval, BlockInterval, Role, Inheritable),
            new(Operation.Delete, "quotas/rate-limit/{name}", DeleteAsync, "Removes a rate limit", Name),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private ValueTask<Response> ReadConfigAsync(Call call)
    {
        var config = _kernel.Quotas.Config;
        return new(Response.Json(json =>
        {
            json.WriteBoolean("enable_rate_limit_audit_logging", config.EnableRateLimitAuditLogging);
            json.WriteBoolean("enable_rate_limit_response_headers", config.EnableRateLimitResponseHeaders);
            json.WriteTexts("rate_limit_exempt_paths", config.RateLimitExemptPaths);
        }));
    }

    private async ValueTask<Response> WriteConfigAsync(Call call)
    {
        var config = _kernel.Quotas.Config;
        await _kernel.Quotas.ConfigureAsync(config with
        {
            EnableRateLimitAuditLogging =
                call.Has(AuditLogging) ? call.Get(AuditLogging) : config.EnableRateLimitAuditLogging,
            EnableRateLimitResponseHeaders =
                call.Has(Headers) ? call.Get(Headers) : config.EnableRateLimitResponseHeaders,
            RateLimitExemptPaths = call.Has(Exempt) ? call.Get(Exempt) : config.RateLimitExemptPaths,
        }, call.Aborted);
        return Response.None;
    }

    private ValueTask<Response> ListAsync(Call call)
    {
        var names = Paging.Page(call, [.. _kernel.Quotas.All.Select(l => l.Name)]);
        return new(names.Count == 0 ? Response.None : Response.Json(json => json.WriteTexts("keys", names)));
    }

    private ValueTask<Response> ReadAsync(Call call)
    {
        if (_kernel.Quotas.Find(call.Get(Name)) is not { } limit) return new(Response.None);
        return new(Response.Json(json =>
        {
            json.WriteString("type", "rate-limit");
            json.WriteString("name", limit.Name);
            json.WriteString("path", limit.Path);
            json.WriteString("role", limit.Role);
            json.WriteNumber("rate", limit.Rate);
            json.WriteSeconds("interval", limit.Interval);
            json.WriteSeconds("block_interval", limit.BlockInterval);
            json.WriteBoolean("inheritable", limit.Inheritable);
        }));
    }

    private async ValueTask<Response> WriteAsync(Call call)
    {
        if (call.Get(Rate) is not (> 0 and <= uint.MaxValue)) return Fault.Invalid("'rate' is invalid");
        if (call.Get(Interval) <= TimeSpan.Zero) return Fault.Invalid("'interval' is invalid");
        if (call.Get(BlockInterval) < TimeSpan.Zero) return Fault.Invalid("'block_interval' is invalid");
        if (!TryPath(call.Get(Path), out var mountPath, out var suffix))
            return Fault.Invalid($"invalid mount path \"{MountPaths.Canonical(call.Get(Path))}\"");
        if (call.Get(Role).Length > 0
            && (suffix.Length > 0 || !mountPath.StartsWith("auth/", StringComparison.Ordinal)))
            return Fault.Invalid("'role' needs the path of a login mount");
        return await _kernel.Quotas.PutAsync(new RateLimit
        {
            Name = call.Get(Name), MountPath = mountPath, PathSuffix = suffix, Rate = call.Get(Rate), Role =
                call.Get(Role),
            Interval = call.Get(Interval), BlockInterval = call.Get(BlockInterval), Inheritable = call.Get(Inheritable),
        }, call.Aborted) is { } fault ? fault : Response.None;
    }

    /// <summary>Splits a path into the mount it lies in and the rest; an empty path means everything.</summary>
    private bool TryPath(string path, out string mountPath, out string suffix)
    {
        (mountPath, suffix) = ("", "");
        path = path.TrimStart('/');
        if (path.StartsWith("root/", StringComparison.Ordinal)) path = path["root/".Length..];
        if (path.Length == 0) return true;
        if (!_kernel.Mounts.Current.TryFind(path, out var mount)
            && !_kernel.Mounts.Current.TryFind(path + "/", out mount))
            return false;
        mountPath = mount.Path;
        if (path.Length > mountPath.Length) suffix = path[mountPath.Length..];
        return true;
    }

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await _kernel.Quotas.DeleteAsync(call.Get(Name), call.Aborted);
        return Response.None;
    }
}
