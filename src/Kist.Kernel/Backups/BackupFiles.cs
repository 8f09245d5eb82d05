using System.Globalization;
using System.Text;

namespace Kist.Kernel.Backups;

/// <summary>The files inside a backup, in their order.</summary>
internal static class BackupFiles
{
    /// <summary>The header.</summary>
    public const string Header = "meta.json";

    /// <summary>The SHA-256 of every file before it, as sha256sum prints it.</summary>
    public const string Sums = "SHA256SUMS";

    /// <summary>The seal over that list. Vault's clients look for a file of this name to see that all came.</summary>
    public const string Seal = "SHA256SUMS.sealed";

    /// <summary>The plain bytes in every part but the last, which has as many or fewer.</summary>
    public const int PartBytes = 4 << 20;

    /// <summary>As many as there may be names of parts for: 400 TB.</summary>
    public const long MostParts = 100_000_000;

    /// <summary>The name of a part.</summary>
    public static string Part(long number) => $"state/{number.ToString("D8", CultureInfo.InvariantCulture)}";

    /// <summary>The line of the list for a file.</summary>
    public static byte[] Sum(string name, ReadOnlySpan<byte> hash) =>
        Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(hash)}  {name}\n");
}
