using System.Text;
using Kist.Scan.Sources;

namespace Kist.Scan.Tests.Sources;

public sealed class ChangedPartsTests
{
    private static readonly Scanner s_scanner = new(new ScanSettings());

    private static List<string> Secrets(ChangedParts parts, string text, string path)
    {
        var findings = new List<Finding>();
        parts.Scan(Encoding.UTF8.GetBytes(text), new PieceInfo { Path = path }, findings);
        return [.. findings.Select(finding => Encoding.UTF8.GetString(finding.Secret.Span)).Distinct()];
    }

    [Fact]
    public void Every_version_with_a_secret_gives_it_wherever_it_was_put_in()
    {
        var random = new Random(11);
        for (var round = 0; round < 40; round++)
        {
            var parts = new ChangedParts(s_scanner, new SeenChunks());
            List<string> lines = [.. Enumerable.Range(0, 300).Select(i =>
                $"line {random.Next(50)} of a text, number {i}")];
            for (var version = 0; version < 12; version++)
            {
                var expected = lines.Where(line => line.StartsWith("github_token")).Select(line => line.Split('"')[1]);
                Assert.Equal(expected.Order(StringComparer.Ordinal),
                    Secrets(parts, string.Join('\n', lines), "a.txt").Order(StringComparer.Ordinal));
                var at = random.Next(lines.Count);
                if (random.Next(3) == 0) lines.Insert(at, Sample.Line(round * 100 + version).TrimEnd());
                else if (random.Next(2) == 0) lines[at] = "changed " + version;
                else lines.RemoveRange(at, Math.Min(3, lines.Count - at));
            }
        }
    }

    [Fact]
    public void A_name_and_a_value_that_come_in_two_versions_are_seen_together()
    {
        var parts = new ChangedParts(s_scanner, new SeenChunks());
        var before = string.Concat(Enumerable.Range(0, 200).Select(i => $"text {i}\n"));
        Assert.Empty(Secrets(parts, before + "github_token = \\\n  \"\"\n" + before, "a.py"));

        Assert.Single(Secrets(parts, before + "github_token = \\\n  \"" + Sample.Token() + "\"\n" + before, "a.py"));
    }
}
