using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

public sealed class RowBinsTests(ITestOutputHelper output)
{
    private sealed record Given(long Id, string Key, string Value);

    /// <summary>Ids all over, ids that differ in few bits or none, rows larger than a piece; bins of any
    /// size.</summary>
    [Theory]
    [InlineData(64 << 20)]
    [InlineData(100_000)]
    [InlineData(1_000)]
    [InlineData(1)]
    public void RowsComeInTheOrderOfTheirIdsAndThenAsTheyWereAdded(int mostInMemory)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var given = Enumerable.Range(0, 4_000)
            .Select(number => new Given(IdOf(random), $"key-{number}", ValueOf(random))).ToList();
        var path = Path.GetTempFileName();
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            var bins = new RowBins(file, path, mostInMemory);
            foreach (var row in given) bins.Add(row.Id, Bytes(row.Key), Bytes(row.Value));
            var got = bins.InOrder()
                .SelectMany(rows => rows.Select(row => new Given(row.Id, Text(row.Key), Text(row.Value)))).ToList();
            Assert.Equal(given.OrderBy(row => row.Id), got); // a stable sort
            Assert.True(RandomAccess.GetLength(file) > 0);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void NoRowsAreNoLists()
    {
        var path = Path.GetTempFileName();
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);
        Assert.Empty(new RowBins(file, path).InOrder());
    }

    [Fact]
    public void AFileThatCannotBeWrittenIsAFailureOfTheStore()
    {
        using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write);
        var bins = new RowBins(full, "kist.db.bins");
        var fault = Assert.Throws<StoreException>(() =>
        {
            for (var row = 0; row < 100; row++) bins.Add(1, Bytes($"key-{row}"), new byte[4096]);
        });
        Assert.Equal(StoreFailure.Full, fault.Kind);
        Assert.Contains("kist.db.bins", fault.Message);
    }

    private static long IdOf(Random random) => random.Next(4) switch
    {
        0 => random.NextInt64(long.MinValue, long.MaxValue),
        1 => random.Next(-3, 4),
        2 => 0x1234_5678_0000_0000 | random.NextInt64(1 << 20),
        _ => random.Next(2) == 0 ? long.MinValue : long.MaxValue,
    };

    private static string ValueOf(Random random) =>
        new((char)random.Next('a', 'z'), random.Next(200) == 0 ? random.Next(200_000) : random.Next(600));

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes);
}
