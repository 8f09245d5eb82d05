using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/capabilities</c>: what a token may do on paths.</summary>
internal sealed class CapabilityPaths
{
    private static readonly Field<IReadOnlyList<string>> Paths = Fields.List("paths", "The paths to ask about.");
    private static readonly Field<IReadOnlyList<string>> Path = Fields.List("path", "The old name of paths.");
    private static readonly Field<string> Token = Fields.Text("token", "The token to ask about.");
    private static readonly Field<string> Accessor = Fields.Text("accessor", "The accessor of the token to ask about.");

    private readonly Unsealed _kernel;

    public CapabilityPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Update, "capabilities", OfTokenAsync, "Tells what a token may do", Token, Paths, Path),
            new(Operation.Update, "capabilities-self", OfCallerAsync, "Tells what the caller may do", Paths, Path),
            new(Operation.Update, "capabilities-accessor", OfAccessorAsync,
                "Tells what the token of an accessor may do",
                Accessor, Paths, Path),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private static ValueTask<Response> OfCallerAsync(Call call) => new(
        PathsOf(call) is not { } paths ? NoPaths : Answer(call.Caller.Acl, paths));

    private async ValueTask<Response> OfTokenAsync(Call call)
    {
        if (call.Get(Token).Length == 0) return Fault.ListedInvalid("no token found");
        if (PathsOf(call) is not { } paths) return NoPaths;
        if (await _kernel.Tokens.LookupAsync(call.Get(Token), call.Aborted) is not { } entry)
            return Fault.ListedInvalid("invalid token");
        return Answer((await _kernel.Tokens.CallerOfAsync(entry, call.Aborted)).Acl, paths);
    }

    private async ValueTask<Response> OfAccessorAsync(Call call)
    {
        if (call.Get(Accessor).Length == 0) return Fault.Invalid("missing accessor");
        if (PathsOf(call) is not { } paths) return NoPaths;
        if (await _kernel.Tokens.LookupAccessorAsync(call.Get(Accessor), call.Aborted) is not { } entry)
            return Fault.ListedInvalid("invalid accessor");
        return Answer((await _kernel.Tokens.CallerOfAsync(entry, call.Aborted)).Acl, paths);
    }

    private static Fault NoPaths => Fault.Invalid("paths must be supplied");

    private static IReadOnlyList<string>? PathsOf(Call call)
    {
        var paths = call.Get(Paths).Count > 0 ? call.Get(Paths) : call.Get(Path);
        return paths.Count == 0 ? null : paths;
    }

    private static Response Answer(Acl acl, IReadOnlyList<string> paths) => Response.Json(json =>
    {
        foreach (var path in paths.Distinct()) json.WriteTexts(path, acl.CapabilitiesOf(path));
        if (paths is [var single and not "capabilities"])
            json.WriteTexts("capabilities", acl.CapabilitiesOf(single));
    });
}
