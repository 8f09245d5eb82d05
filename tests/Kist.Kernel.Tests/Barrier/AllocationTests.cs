using Xunit;

namespace Kist.Kernel.Tests.Barrier;

public sealed class AllocationTests
{
    /// <summary>Bytes per read, the whole key's string included, when the store answers at once.</summary>
    private const int ReadBudget = 200;

    [Fact]
    public async Task AReadStaysWithinItsBudget()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("logical/2f9c1c52/");
        await view.PutAsync("team/app/database", new byte[300], default);
        ReadMany(view, 2_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ReadMany(view, 1_000);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 1_000;
        Assert.InRange(each, 1, ReadBudget);
    }

    private static void ReadMany(Kernel.Barrier.Storage view, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var read = view.GetAsync("team/app/database", default);
            Assert.True(read.IsCompletedSuccessfully);
            read.Result!.Dispose();
        }
    }
}
