using System.Collections.Concurrent;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Secrets;

public sealed class PublicRandomTests
{
    [Fact]
    public void Uuids_are_of_version_4_and_all_different_on_all_threads()
    {
        var ids = new ConcurrentBag<Guid>();
        Parallel.For(0, 4_000, _ => ids.Add(PublicRandom.NewGuid()));
        Assert.Equal(4_000, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Equal((4, true), (id.Version, (id.Variant & 0xC) == 8)));
    }

    [Fact]
    public void Nonces_of_all_lengths_never_come_twice()
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < 3_000; i++)
        {
            var nonce = new byte[12 + (i % 400)];
            PublicRandom.Fill(nonce);
            Assert.True(seen.Add(Convert.ToHexString(nonce.AsSpan(0, 12))));
            Assert.True(seen.Add(Convert.ToHexString(nonce.AsSpan(^12..)) + i % 400));
        }
    }
}
