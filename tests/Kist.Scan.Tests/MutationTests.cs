using System.Text;
using CsCheck;
using Kist.Fuzz;
using Kist.Scan.Rules;

namespace Kist.Scan.Tests;

/// <summary>Whatever is scanned, it is looked through, and never ends in an exception.</summary>
public sealed class MutationTests
{
    private static readonly byte[][] s_seeds =
    [
        .. BuiltIn.All.SelectMany(rule => rule.Matches).Select(template => Encoding.UTF8.GetBytes(
            Samples.Make(template, new Random(1)) + "\n")),
        "machine a.corp login b password c\n"u8.ToArray(),
        "kind: Secret\ndata:\n  a: c2VjcmV0c2VjcmV0\n"u8.ToArray(),
        "[[rules]]\nid = \"a\"\nregex = '''a{1,3}[b-c]'''\n[rules.allowlist]\nstopwords = [\"x\"]\n"u8.ToArray(),
    ];

    private static readonly Gen<(int Kind, int At, int Length, byte Value)[]> s_changes =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 600], Gen.Int[0, 40], Gen.Byte).Array[0, 5];

    [Theory]
    [InlineData("scan", 20_000)]
    [InlineData("scan-pgpass", 5_000)]
    [InlineData("scan-explain", 10_000)]
    [InlineData("scan-gitleaks", 1_500)]
    [InlineData("scan-fingerprint", 300)]
    public void ChangedContentIsLookedThrough(string name, int times)
    {
        var target = Targets.All[name];
        Gen.Int[0, s_seeds.Length - 1].Select(Gen.Int[0, s_seeds.Length - 1], s_changes).Sample((one, other, changes) =>
            target(Change([.. s_seeds[one], .. s_seeds[other]], changes)), iter: times, threads: 1);
    }

    private static byte[] Change(byte[] content, (int Kind, int At, int Length, byte Value)[] changes)
    {
        var bytes = content.ToList();
        foreach (var (kind, at, length, value) in changes)
        {
            if (bytes.Count == 0) break;
            var start = at % bytes.Count;
            var end = Math.Min(bytes.Count, start + length);
            if (kind == 0) bytes[start] = value;
            else if (kind == 1) bytes.RemoveRange(start, end - start);
            else bytes.InsertRange(start, bytes[start..end]);
        }
        return [.. bytes];
    }
}
