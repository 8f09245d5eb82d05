namespace Kist.Kernel.Tests;

/// <summary>Two threads that do something to one object in the same instant, many times over.</summary>
internal static class Together
{
    /// <summary>
    /// Makes an object for each round, has both act on it, and gives it to <paramref name="check"/> when both are done.
    /// They wait for each other by spinning: woken by the system, one would nearly always be done before the other.
    /// </summary>
    public static void Run<T>(
        int rounds, Func<T> make, Action<T> one, Action<T> other, Action<T>? check = null) where T : class
    {
        T? shared = null;
        var (begun, ended) = (0, 0);
        var thread = new Thread(() =>
        {
            for (var round = 1; round <= rounds; round++)
            {
                var wait = new SpinWait();
                while (Volatile.Read(ref begun) < round) wait.SpinOnce(sleep1Threshold: -1);
                other(shared!);
                Volatile.Write(ref ended, round);
            }
        });
        thread.Start();
        for (var round = 1; round <= rounds; round++)
        {
            shared = make();
            Volatile.Write(ref begun, round);
            one(shared);
            var wait = new SpinWait();
            while (Volatile.Read(ref ended) < round) wait.SpinOnce(sleep1Threshold: -1);
            check?.Invoke(shared);
        }
        thread.Join();
    }
}
