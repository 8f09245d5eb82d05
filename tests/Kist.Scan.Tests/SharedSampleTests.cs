using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Kist.Scan.Tests;

/// <summary>
/// The labelled samples that lie beside the repository where the rules are tuned: not part of it, so that nothing in it
/// looks like a token. Where they are not, there is nothing to hold the rules to.
/// </summary>
public sealed class SharedSampleTests
{
    private static readonly Scanner s_scanner = new(new ScanSettings());

    [Fact]
    public void OwnSamplesAreToldApart()
    {
        if (Load("own/own.b64") is not { } items) return;
        var (prefix, context, flagged, negatives) = (new List<bool>(), new List<bool>(), 0, 0);
        foreach (var item in items)
        {
            var found = Scan(item);
            if (item.GetProperty("label").GetString() == "neg")
            {
                negatives++;
                if (found.Count > 0) flagged++;
            }
            else if (item.GetProperty("label").GetString() == "pos")
            {
                var (first, last) = (item.GetProperty("line").GetInt32(), item.GetProperty("end").GetInt32());
                (item.GetProperty("ctx").GetBoolean() ? context : prefix)
                    .Add(found.Exists(f => f.StartLine <= last && f.EndLine >= first));
            }
        }

        Assert.InRange(prefix.Count(hit => hit) / (double)prefix.Count, 0.98, 1);
        Assert.InRange(context.Count(hit => hit) / (double)context.Count, 0.9, 1);
        Assert.InRange(flagged / (double)negatives, 0, 0.02);
    }

    [Theory]
    [InlineData("gitleaks", 0.93)]
    [InlineData("kingfisher", 0.76)]
    [InlineData("noseyparker", 0.68)]
    public void SamplesOfOthersAreFound(string name, double recall)
    {
        if (Load($"fetched/{name}.b64") is not { } items) return;
        var positives = items.Where(i => i.GetProperty("label").GetString() == "pos").ToList();

        var found = positives.Count(i => Scan(i).Count > 0);

        Assert.InRange(found / (double)positives.Count, recall, 1);
    }

    private static List<Finding> Scan(JsonElement item)
    {
        var findings = new List<Finding>();
        s_scanner.Scan(
            Encoding.UTF8.GetBytes(item.GetProperty("text").GetString()!),
            new PieceInfo { Path = item.GetProperty("file").GetString()! }, findings);
        return findings;
    }

    private static List<JsonElement>? Load(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Kist.slnx"))) folder = folder.Parent;
        var path = Path.Combine(folder!.Parent!.FullName, "shared", "scan", name);
        if (!File.Exists(path)) return null;
        using var packed = new MemoryStream(Convert.FromBase64String(File.ReadAllText(path)));
        using var content = new GZipStream(packed, CompressionMode.Decompress);
        return [.. JsonDocument.Parse(content).RootElement.GetProperty("items").EnumerateArray()];
    }
}
