using System.Diagnostics;

namespace Kist.Formats.Tests.Age;

/// <summary>A folder of its own in which the programs on the other side run: age, ssh-keygen, plug-ins.</summary>
internal sealed class Programs : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("kist-formats-").FullName;

    public string this[string name] => Path.Combine(Folder, name);

    /// <summary>Writes a program into the folder, which is first in PATH.</summary>
    public void Add(string name, string script)
    {
        File.WriteAllText(this[name], script);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(this[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Runs a program and gives what it wrote; the test fails if the program does.</summary>
    public byte[] Run(string program, params string[] arguments) => Run([], program, arguments);

    public byte[] Run(byte[] input, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        };
        start.Environment["PATH"] = Folder + ":" + start.Environment["PATH"];
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var writing = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        writing.GetAwaiter().GetResult();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error.Result}");
        return output.ToArray();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
