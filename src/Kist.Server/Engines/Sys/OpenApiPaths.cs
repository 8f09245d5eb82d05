using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/internal/specs/openapi</c>, written from the routes of the mounts that the caller may know
/// of.</summary>
internal sealed class OpenApiPaths
{
    private readonly Unsealed _kernel;

    public OpenApiPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "internal/specs/openapi", WriteAsync, "Describes the API") { Access = Access.Open },
            new(Operation.Update, "internal/specs/openapi", WriteAsync, "Describes the API") { Access = Access.Open },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var (caller, fault) = await UiPaths.CallerAsync(_kernel, call);
        if (fault is not null) return fault;
        var mounts = _kernel.Mounts.Current.All.Where(m => UiPaths.IsShown(m.Entry, caller))
            .Select(m => (m.Path, m.Routes.Routes)).ToList();
        return new Response { ContentType = "application/json" }.WithJson(json =>
            OpenApi.Write(json, _kernel.Node.Parts.Version, mounts));
    }
}
