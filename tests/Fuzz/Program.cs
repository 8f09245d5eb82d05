using Kist.Fuzz;
using SharpFuzz;

// Without a fuzzer around it, this reads standard input once: that is how a finding is looked at again.
if (args is not [var name] || !Targets.All.TryGetValue(name, out var target))
{
    Console.Error.WriteLine("usage: Kist.Fuzz TARGET < INPUT, with one of: " + string.Join(", ", Targets.All.Keys));
    return 2;
}
Fuzzer.OutOfProcess.Run(stream =>
{
    using var bytes = new MemoryStream();
    stream.CopyTo(bytes);
    target(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
});
return 0;
