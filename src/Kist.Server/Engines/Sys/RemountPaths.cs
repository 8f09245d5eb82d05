using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/remount</c>: moves a mount at once, so there is never a migration to ask about.</summary>
internal sealed class RemountPaths
{
    private static readonly Field<string> From = Fields.Text("from", "Where it is.");
    private static readonly Field<string> To = Fields.Text("to", "Where it shall be.");
    private static readonly Field<string> Id = Fields.Text("id", "The id of a migration.");

    private readonly Unsealed _kernel;

    public RemountPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Update, "remount", RemountAsync, "Moves a mount", From, To) { Access = Access.Sudo },
            new(Operation.Read, "remount/status/{id}", StatusAsync, "Reads how a move goes on", Id),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private async ValueTask<Response> RemountAsync(Call call)
    {
        if (call.Get(From).Trim('/').Length == 0 || call.Get(To).Trim('/').Length == 0)
            return Fault.Invalid("both 'from' and 'to' path must be specified as a string");
        var (from, to) = (MountPaths.Canonical(call.Get(From)), MountPaths.Canonical(call.Get(To)));
        if (!RequestPath.TryCreate(to, out _, out var malformed)) return Fault.Invalid($"invalid 'to': {malformed}");
        if (Refused(from, to) is { } refused) return refused;
        return await _kernel.Mounts.RemountAsync(from, to, call.Aborted) is { } fault ? fault : Response.None;
    }

    /// <summary>What exists once stays where it is, and a login stays a login: its policies and tokens rely on
    /// it.</summary>
    private Fault? Refused(string from, string to)
    {
        var isLogin = from.StartsWith("auth/", StringComparison.Ordinal);
        if (isLogin ? BuiltInMounts.Covers(from)
            : MountPaths.IsProtected(from)) return Fault.Invalid($"cannot remount \"{from}\"");
        if (_kernel.Mounts.Current.At(from) is null) return null;
        if (to.StartsWith("auth/", StringComparison.Ordinal) != isLogin)
            return Fault.Invalid(isLogin && _kernel.Mounts.Current.InTheWayOf(to) is null
                ? $"cannot remount auth mount to non-auth mount \"{to}\""
                : _kernel.Mounts.Current.At(to) is not null
                    ? $"existing mount at \"{to}\""
                    : $"cannot remount non-auth mount to auth mount \"{to}\"");
        return MountPaths.IsProtected(to) && !isLogin && _kernel.Mounts.Current.InTheWayOf(to) is null
            ? Fault.Invalid($"cannot mount \"{to}\"")
            : null;
    }

    private static ValueTask<Response> StatusAsync(Call call) => new(Response.None);
}
