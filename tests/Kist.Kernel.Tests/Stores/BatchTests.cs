using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Stores;

public sealed class BatchTests
{
    [Fact]
    public void ABatchRefusesTheOperationJustOverItsLimit()
    {
        var batch = new Batch();
        for (var i = 0; i < Batch.MaxOperations; i++) batch.Delete($"k/{i}");
        Assert.Throws<BatchLimitException>(() => batch.Put("k/one-more", new byte[1]));
    }

    [Fact]
    public void ABatchTakesTheLargestValueAndRefusesOneByteMore()
    {
        new Batch().Put("k", new byte[Batch.MaxValueBytes]);
        Assert.Throws<BatchLimitException>(() => new Batch().Put("k", new byte[Batch.MaxValueBytes + 1]));
    }
}
