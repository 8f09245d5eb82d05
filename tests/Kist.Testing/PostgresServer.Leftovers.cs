using System.Globalization;

namespace Kist.Testing;

/// <summary>What test programs that were killed left behind.</summary>
public sealed partial class PostgresServer
{
    private const string FolderStart = "/tmp/kist-pg-";
    private static readonly TimeSpan s_young = TimeSpan.FromMinutes(10);

    /// <summary>The file of a folder that names the test program which uses it.</summary>
    private static string UserFile(string folder) => Path.Combine(folder, "user");

    private static void WriteUser(string folder) =>
        File.WriteAllText(UserFile(folder), $"{Environment.ProcessId} {BirthOf(Environment.ProcessId)}");

    /// <summary>Removes folders whose test program is gone; PostgreSQL ended with it.</summary>
    public static void RemoveLeftovers()
    {
        foreach (var folder in Directory.GetDirectories("/tmp", Path.GetFileName(FolderStart) + "*"))
        {
            try
            {
                if (IsLeftover(folder))
                    Directory.Delete(folder, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's, or another test program was faster.
            }
        }
    }

    // A folder without a user was being made a moment ago, or its maker died in between.
    private static bool IsLeftover(string folder) => File.Exists(UserFile(folder))
        ? File.ReadAllText(UserFile(folder)).Split(' ') is not [var id, var birth]
            || BirthOf(int.Parse(id, CultureInfo.InvariantCulture)) != birth
        : DateTime.UtcNow - Directory.GetLastWriteTimeUtc(folder) > s_young && !PostmasterRuns(folder);

    private static bool PostmasterRuns(string folder)
    {
        var file = Path.Combine(folder, "data", "postmaster.pid");
        return File.Exists(file)
            && int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var id)
            && BirthOf(id) is not null;
    }

    // When a process began, in ticks since the machine did: with its id that names it for good. Null: there is none.
    private static string? BirthOf(int process)
    {
        try
        {
            var facts = File.ReadAllText($"/proc/{process}/stat");
            return facts[(facts.LastIndexOf(')') + 2)..].Split(' ')[19];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
