using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>The fields by which a client takes a list in pages, as OpenBao names them.</summary>
internal static class Paging
{
    public static readonly Field<string> After = Fields.Text("after", "List only names after this one.");
    public static readonly Field<long> Limit = Fields.Number("limit", "List at most so many names; 0: all.");

    /// <summary>At most how many; 0: all.</summary>
    public static int LimitOf(Call call) => (int)Math.Clamp(call.Get(Limit), 0, int.MaxValue);

    /// <summary>
    /// What the call asks for: all of <paramref name="names"/> as they are, or a page of them in order.
    /// </summary>
    public static IReadOnlyList<string> Page(Call call, IReadOnlyList<string> names)
    {
        var (after, limit) = (call.Get(After), LimitOf(call));
        if (after.Length == 0 && limit == 0) return names;
        var rest = names.Where(name => string.CompareOrdinal(name, after) > 0).Order(StringComparer.Ordinal);
        return [.. limit == 0 ? rest : rest.Take(limit)];
    }
}
