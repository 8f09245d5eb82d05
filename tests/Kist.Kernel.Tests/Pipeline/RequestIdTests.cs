using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Kernel.Tests.Pipeline;

public sealed class RequestIdTests
{
    [Fact]
    public void Ids_are_random_uuids_and_all_different_on_all_threads()
    {
        var ids = new System.Collections.Concurrent.ConcurrentBag<Guid>();
        Parallel.For(0, 4000, _ => ids.Add(RequestId.New()));
        Assert.Equal(4000, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Equal((4, true), (id.Version, (id.Variant & 0xC) == 8)));
    }
}
