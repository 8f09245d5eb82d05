using System.Text;
using Kist.Scan;
using Kist.Scan.Gitleaks;
using Kist.Scan.Known;

namespace Kist.Fuzz;

/// <summary>What a scan reads: any content, a gitleaks configuration, what a server sends.</summary>
internal static class ScanTargets
{
    private static readonly Scanner s_scanner = new(new ScanSettings { MinimumConfidence = Confidence.Low });

    public static void Content(ReadOnlySpan<byte> bytes) => Scan(bytes, "app.env");

    public static void Password(ReadOnlySpan<byte> bytes) => Scan(bytes, ".pgpass");

    public static void Explained(ReadOnlySpan<byte> bytes) =>
        s_scanner.Explain(bytes, new PieceInfo { Path = "src/app.py" });

    public static void Configuration(ReadOnlySpan<byte> bytes) =>
        GitleaksConfig.Read(Encoding.UTF8.GetString(bytes), "gitleaks.toml", _ => null);

    public static void Sent(ReadOnlySpan<byte> bytes)
    {
        var wire = bytes[..Math.Min(bytes.Length, Fingerprint.WireBytes)];
        if (Fingerprint.Read("x", wire) is not { } one) return;
        var known = new KnownValues(new byte[Fingerprint.KeyBytes], [one]);
        new Scanner(new ScanSettings { Known = [known] }).Scan(bytes, new PieceInfo { Path = "a" }, []);
    }

    private static void Scan(ReadOnlySpan<byte> bytes, string path)
    {
        var findings = new List<Finding>();
        s_scanner.Scan(bytes, new PieceInfo { Path = path }, findings);
        foreach (var finding in findings) Mask.Of(finding.Secret.Span);
    }
}
